//! The permission table of `platform.md` 1.2, one entry a key. Server and pages read the same table.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// Base roles; a user has at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Planner,
    Viewer,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Admin, Self::Planner, Self::Viewer];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Planner => "planner",
            Self::Viewer => "viewer",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

macro_rules! permissions {
    ($($name:ident => $key:literal, [$($role:ident)*];)+) => {
        /// A right, named `feature.verb`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($name),+ }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            #[must_use]
            pub fn parse(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)+ _ => None }
            }

            /// The base roles that hold the right.
            #[must_use]
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => &[$(Role::$role),*]),+ }
            }
        }
    };
}

permissions! {
    OverviewView => "overview.view", [Admin Planner Viewer];
    OverviewTargetsEdit => "overview.targets_edit", [Admin];
    OverviewCacheClear => "overview.cache_clear", [Admin Planner];
    OverviewDrill => "overview.drill", [Admin];
    TransactionsView => "transactions.view", [Admin Planner Viewer];
    TransactionsCreate => "transactions.create", [Admin Planner];
    TransactionsRefund => "transactions.refund", [Admin];
    FraudView => "fraud.view", [Admin Planner Viewer];
    FraudReview => "fraud.review", [Admin];
    FraudRulesEdit => "fraud.rules_edit", [Admin];
    FraudRulesPublish => "fraud.rules_publish", [Admin];
    CustomersView => "customers.view", [Admin Planner Viewer];
    CustomersEdit => "customers.edit", [Admin Planner];
    CustomersPii => "customers.pii", [Admin];
    InventoryView => "inventory.view", [Admin Planner Viewer];
    InventoryEdit => "inventory.edit", [Admin Planner];
    ForecastView => "forecast.view", [Admin Planner Viewer];
    ForecastEdit => "forecast.edit", [Admin Planner];
    ForecastOverride => "forecast.override", [Admin Planner];
    SuppliersView => "suppliers.view", [Admin Planner Viewer];
    SuppliersEdit => "suppliers.edit", [Admin Planner];
    ReorderView => "reorder.view", [Admin Planner Viewer];
    ReorderApprove => "reorder.approve", [Admin Planner];
    AlertsView => "alerts.view", [Admin Planner Viewer];
    AlertsAck => "alerts.ack", [Admin Planner];
    AlertsEdit => "alerts.edit", [Admin];
    DealersView => "dealers.view", [Admin Planner Viewer];
    DealersEdit => "dealers.edit", [Admin];
    DealersCredentials => "dealers.credentials", [Admin];
    ProspectsView => "prospects.view", [Admin Planner Viewer];
    ProspectsPii => "prospects.pii", [Admin];
    JobsView => "jobs.view", [Admin Planner Viewer];
    JobsRun => "jobs.run", [Admin Planner];
    JobsManage => "jobs.manage", [Admin];
    CrmView => "crm.view", [Admin Planner Viewer];
    CrmEdit => "crm.edit", [Admin Planner];
    CrmPii => "crm.pii", [Admin];
    CrmTargetsEdit => "crm.targets_edit", [Admin];
    CrmErase => "crm.erase", [Admin];
    PlanView => "plan.view", [Admin Planner Viewer];
    PlanEditNetwork => "plan.edit_network", [Admin Planner];
    PlanEditScenario => "plan.edit_scenario", [Admin Planner];
    PlanRun => "plan.run", [Admin Planner];
    PlanPropose => "plan.propose", [Admin Planner];
    PlanApprove => "plan.approve", [Admin Planner];
    PlanSettings => "plan.settings", [Admin];
    IntegrationsView => "integrations.view", [Admin Planner Viewer];
    IntegrationsEdit => "integrations.edit", [Admin];
    IntegrationsCredentials => "integrations.credentials", [Admin];
    IngestView => "ingest.view", [Admin Planner Viewer];
    IngestUpload => "ingest.upload", [Admin Planner];
    IngestPromote => "ingest.promote", [Admin Planner];
    AccessUsersView => "access.users_view", [Admin];
    AccessUsersEdit => "access.users_edit", [Admin];
    AccessSettingsView => "access.settings_view", [Admin Planner];
    AccessSettingsEdit => "access.settings_edit", [Admin];
    AccessExport => "access.export", [Admin Planner Viewer];
    AuditView => "audit.view", [Admin];
    AuditExport => "audit.export", [Admin];
    SystemView => "system.view", [Admin];
    SystemDemo => "system.demo", [Admin];
    SystemBackup => "system.backup", [Admin];
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let key = String::deserialize(d)?;
        Self::parse(&key).ok_or_else(|| serde::de::Error::custom(format!("unknown permission {key}")))
    }
}

macro_rules! permission_sets {
    ($($name:ident => $text:literal, [$($right:ident)*];)+) => {
        /// Permission sets of `platform.md` 1.1, granted beside or instead of a base role.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum PermSet { $($name),+ }

        impl PermSet {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }

            const fn own(self) -> &'static [Permission] {
                match self { $(Self::$name => &[$(Permission::$right),*]),+ }
            }
        }
    };
}

permission_sets! {
    FraudAnalyst => "fraud_analyst", [TransactionsView FraudView FraudReview CustomersView CustomersPii AlertsAck];
    FraudManager => "fraud_manager", [TransactionsView FraudView FraudReview CustomersView CustomersPii AlertsAck FraudRulesEdit FraudRulesPublish];
    SalesClerk => "sales_clerk", [TransactionsView TransactionsCreate TransactionsRefund CustomersView CustomersEdit CustomersPii InventoryView];
    StockBuyer => "stock_buyer", [InventoryView InventoryEdit SuppliersView SuppliersEdit ForecastView ForecastOverride ReorderView ReorderApprove];
    CrmRep => "crm_rep", [CrmView CrmEdit CrmPii];
    CrmManager => "crm_manager", [CrmView CrmEdit CrmPii CrmTargetsEdit];
    DealerUser => "dealer_user", [DealersView ProspectsView ProspectsPii JobsView];
    DealerManager => "dealer_manager", [DealersView ProspectsView ProspectsPii JobsView JobsRun DealersEdit AlertsAck];
    IuManager => "iu_manager", [PlanView PlanEditNetwork IngestView IngestUpload AlertsAck];
    GuManager => "gu_manager", [PlanView PlanEditNetwork IngestView IngestUpload AlertsAck];
    PlanApprover => "plan_approver", [PlanView PlanApprove];
    DataSteward => "data_steward", [IntegrationsView IngestView IngestUpload IngestPromote JobsView JobsRun];
    Integrator => "integrator", [IntegrationsView IntegrationsEdit IntegrationsCredentials DealersView DealersCredentials];
    Auditor => "auditor", [AuditView AuditExport AccessUsersView AccessSettingsView];
}

impl PermSet {
    /// Every right of the set: its own, `alerts.view` and `access.export` for all, `overview.view`
    /// for all but the two dealer sets.
    #[must_use]
    pub fn permissions(self) -> BTreeSet<Permission> {
        let mut rights: BTreeSet<_> = self.own().iter().copied().collect();
        rights.insert(Permission::AlertsView);
        rights.insert(Permission::AccessExport);
        if !matches!(self, Self::DealerUser | Self::DealerManager) {
            rights.insert(Permission::OverviewView);
        }
        rights
    }
}

/// The union of what a user's role and sets give.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(BTreeSet<Permission>);

impl Rights {
    #[must_use]
    pub fn of(role: Option<Role>, sets: &[PermSet]) -> Self {
        let mut rights = BTreeSet::new();
        if let Some(role) = role {
            rights.extend(Permission::ALL.iter().copied().filter(|p| p.roles().contains(&role)));
        }
        for set in sets {
            rights.extend(set.permissions());
        }
        Self(rights)
    }

    #[must_use]
    pub fn all() -> Self {
        Self(Permission::ALL.iter().copied().collect())
    }

    /// What is left when a token is limited to `scopes`.
    #[must_use]
    pub fn restricted_to(&self, scopes: &[Permission]) -> Self {
        Self(self.0.iter().copied().filter(|p| scopes.contains(p)).collect())
    }

    #[must_use]
    pub fn has(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

/// Who may enter a route or call a server function. Each names exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Public,
    SignedIn,
    Needs(Permission),
}

impl Access {
    /// `signed_in` are the caller's rights, `None` when signed out.
    #[must_use]
    pub fn allows(self, signed_in: Option<&Rights>) -> bool {
        match (self, signed_in) {
            (Self::Public, _) | (Self::SignedIn, Some(_)) => true,
            (Self::Needs(p), Some(rights)) => rights.has(p),
            (_, None) => false,
        }
    }
}

impl utoipa::PartialSchema for Permission {
    fn schema() -> RefOr<Schema> {
        let keys = Self::ALL.iter().map(|key| key.key());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(keys)).into()
    }
}

impl ToSchema for Permission {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_parse_back() {
        let keys: BTreeSet<_> = Permission::ALL.iter().map(|p| p.key()).collect();
        assert_eq!(keys.len(), Permission::ALL.len());
        assert!(Permission::ALL.iter().all(|p| Permission::parse(p.key()) == Some(*p)));
    }

    #[test]
    fn admin_holds_every_right_and_viewer_no_writing_one() {
        assert!(Permission::ALL.iter().all(|p| Rights::of(Some(Role::Admin), &[]).has(*p)));
        let viewer = Rights::of(Some(Role::Viewer), &[]);
        assert!(viewer.iter().all(|p| p.key().ends_with(".view") || p == Permission::AccessExport));
        assert!(!viewer.has(Permission::AuditView) && !viewer.has(Permission::SystemView));
    }

    #[test]
    fn sets_add_to_nothing_and_dealer_sets_do_not_see_the_overview() {
        let clerk = Rights::of(None, &[PermSet::SalesClerk]);
        assert!(clerk.has(Permission::TransactionsCreate) && clerk.has(Permission::OverviewView));
        assert!(!clerk.has(Permission::FraudView));
        assert!(!Rights::of(None, &[PermSet::DealerManager]).has(Permission::OverviewView));
        assert_eq!(Rights::of(None, &[]), Rights::default());
    }

    #[test]
    fn access_is_refused_to_the_signed_out_unless_public() {
        assert!(Access::Public.allows(None));
        assert!(!Access::SignedIn.allows(None));
        assert!(!Access::Needs(Permission::OverviewView).allows(None));
        assert!(!Access::Needs(Permission::AuditView).allows(Some(&Rights::of(Some(Role::Viewer), &[]))));
    }
}
