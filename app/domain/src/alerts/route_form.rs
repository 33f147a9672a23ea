//! A route as the form of its page holds it: texts, until they are read.

use super::{GroupField, Matcher, MatcherField, Person, Recipients, Route, RouteStep};
use crate::{
    FieldError,
    access::{PermSet, Role},
    ids::{ChannelId, RouteId},
};
use serde::{Deserialize, Serialize};

/// Conditions of the form that are free to be filled in.
pub const FORM_MATCHERS: usize = 3;
/// Steps of the form that are free to be filled in.
pub const FORM_STEPS: usize = 2;
/// No form has more rows than that.
const MOST_ROWS: usize = 20;

/// One condition; without values there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatcherForm {
    pub field: String,
    /// Parted by commas.
    pub values: String,
}

/// One step; without a time there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepForm {
    pub after_seconds: String,
    pub whom: Vec<String>,
    pub people: String,
}

/// The form of a route. Whom it tells are words: `channel:<id>`, `role:<role>`, `set:<set>`, `assignee`, `owner`; people
/// stand by their addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RouteForm {
    pub matchers: Vec<MatcherForm>,
    pub whom: Vec<String>,
    pub people: String,
    pub group_by: Vec<String>,
    pub group_wait_seconds: String,
    pub group_interval_seconds: String,
    pub repeat_seconds: String,
    pub continues: String,
    pub enabled: String,
    pub steps: Vec<StepForm>,
}

/// Channels and recipients as words and addresses.
fn words_of(channels: &[ChannelId], to: &Recipients, people: &[Person]) -> (Vec<String>, String) {
    let mut whom: Vec<String> = channels.iter().map(|id| format!("channel:{id}")).collect();
    whom.extend(to.roles.iter().map(|role| format!("role:{}", role.as_str())));
    whom.extend(to.sets.iter().map(|set| format!("set:{}", set.as_str())));
    whom.extend(to.assignee.then(|| "assignee".to_owned()));
    whom.extend(to.owner.then(|| "owner".to_owned()));
    let named = to.user_ids.iter().filter_map(|id| people.iter().find(|one| one.id == *id));
    (whom, named.map(|one| one.email.as_str()).collect::<Vec<_>>().join(", "))
}

fn read_whom(
    words: &[String],
    addresses: &str,
    people: &[Person],
    path: &str,
    faults: &mut Vec<FieldError>,
) -> (Vec<ChannelId>, Recipients) {
    let (mut channels, mut to) = (Vec::new(), Recipients::default());
    for word in words {
        let (kind, text) = word.split_once(':').unwrap_or((word, ""));
        let known = match kind {
            "channel" => text.parse().map(|id| channels.push(id)).is_ok(),
            "role" => Role::parse(text).map(|role| to.roles.push(role)).is_some(),
            "set" => PermSet::parse(text).map(|set| to.sets.push(set)).is_some(),
            "assignee" => std::mem::replace(&mut to.assignee, true) || to.assignee,
            "owner" => std::mem::replace(&mut to.owner, true) || to.owner,
            _ => false,
        };
        if !known {
            faults.push(FieldError::new(format!("{path}[whom]"), format!("\u{201c}{word}\u{201d} is no choice.")));
        }
    }
    for address in addresses.split([',', ' ', '\n', '\r']).filter(|text| !text.is_empty()) {
        match people.iter().find(|one| one.email.eq_ignore_ascii_case(address)) {
            Some(one) => to.user_ids.push(one.id),
            None => faults.push(FieldError::new(
                format!("{path}[people]"),
                format!("Nobody here has the address \u{201c}{address}\u{201d}."),
            )),
        }
    }
    to.user_ids.sort_unstable();
    to.user_ids.dedup();
    (channels, to)
}

impl RouteForm {
    /// A route that is there already, or a new one.
    #[must_use]
    pub fn of(route: &Route, people: &[Person]) -> Self {
        let (whom, addresses) = words_of(&route.channel_ids, &route.recipients, people);
        let ticked = |on: bool| if on { "true".to_owned() } else { String::new() };
        let matcher = |matcher: &Matcher| MatcherForm {
            field: matcher.field.as_str().to_owned(),
            values: matcher.values.join(", "),
        };
        let step = |step: &RouteStep| {
            let (whom, people) = words_of(&step.channel_ids, &step.recipients, people);
            StepForm { after_seconds: step.after_seconds.to_string(), whom, people }
        };
        Self {
            matchers: route.matchers.iter().map(matcher).collect(),
            whom,
            people: addresses,
            group_by: route.group_by.iter().map(|field| field.as_str().to_owned()).collect(),
            group_wait_seconds: route.group_wait_seconds.to_string(),
            group_interval_seconds: route.group_interval_seconds.to_string(),
            repeat_seconds: route.repeat_seconds.map(|every| every.to_string()).unwrap_or_default(),
            continues: ticked(route.continues),
            enabled: ticked(route.enabled),
            steps: route.steps.iter().map(step).collect(),
        }
    }

    /// # Errors
    /// Every field that is no number, no choice or nobody. What the route as a whole allows is looked at later.
    pub fn read(&self, id: Option<RouteId>, people: &[Person]) -> Result<Route, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut number = |name: String, text: &str, usual: u32| -> u32 {
            let text = text.trim();
            if text.is_empty() {
                return usual;
            }
            text.parse().unwrap_or_else(|_| {
                faults.push(FieldError::new(name, "Give a whole number of seconds."));
                usual
            })
        };
        let new = Route::default();
        let group_wait_seconds =
            number("route[group_wait_seconds]".to_owned(), &self.group_wait_seconds, new.group_wait_seconds);
        let group_interval_seconds = number(
            "route[group_interval_seconds]".to_owned(),
            &self.group_interval_seconds,
            new.group_interval_seconds,
        );
        let repeat = number("route[repeat_seconds]".to_owned(), &self.repeat_seconds, 0);
        let filled = |step: &&StepForm| !step.after_seconds.trim().is_empty();
        let times: Vec<u32> = self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| filled(step))
            .map(|(i, step)| number(format!("route[steps][{i}][after_seconds]"), &step.after_seconds, 0))
            .collect();
        let mut matchers = Vec::new();
        for (i, matcher) in self.matchers.iter().enumerate() {
            let values: Vec<String> =
                matcher.values.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect();
            match MatcherField::parse(&matcher.field) {
                _ if values.is_empty() => {}
                Some(field) => matchers.push(Matcher { field, values }),
                None => {
                    faults.push(FieldError::new(format!("route[matchers][{i}][field]"), "Choose what is looked at."))
                }
            }
        }
        let (channel_ids, recipients) = read_whom(&self.whom, &self.people, people, "route", &mut faults);
        let mut steps = Vec::new();
        for ((i, step), after_seconds) in self.steps.iter().enumerate().filter(|(_, step)| filled(step)).zip(times) {
            let path = format!("route[steps][{i}]");
            let (channel_ids, recipients) = read_whom(&step.whom, &step.people, people, &path, &mut faults);
            steps.push(RouteStep { after_seconds, channel_ids, recipients });
        }
        let group_by = self.group_by.iter().filter_map(|field| GroupField::parse(field)).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Route {
            id,
            matchers,
            channel_ids,
            recipients,
            group_by,
            group_wait_seconds,
            group_interval_seconds,
            repeat_seconds: Some(repeat).filter(|every| *every > 0),
            steps,
            continues: !self.continues.is_empty(),
            enabled: !self.enabled.is_empty(),
        })
    }

    /// The field of the form that a fault of the list belongs to; `at` is the place of the route in it.
    #[must_use]
    pub fn field_of(&self, path: &str, at: usize) -> String {
        let Some(path) = path.strip_prefix(&format!("routes[{at}].")) else { return path.to_owned() };
        // Rows without a value are no part of the list.
        let row = |filled: Vec<bool>, nth: &str| -> Option<usize> {
            let nth = nth.parse().ok()?;
            filled.iter().enumerate().filter(|(_, filled)| **filled).map(|(i, _)| i).nth(nth)
        };
        let within = |of: &str| path.strip_prefix(of).and_then(|rest| rest.split_once("]."));
        if let Some((nth, _)) = within("matchers[") {
            let filled = self.matchers.iter().map(|matcher| !matcher.values.trim().is_empty()).collect();
            return format!("route[matchers][{}][values]", row(filled, nth).unwrap_or_default());
        }
        if let Some((nth, field)) = within("steps[") {
            let filled = self.steps.iter().map(|step| !step.after_seconds.trim().is_empty()).collect();
            let field = if field == "after_seconds" { field } else { "whom" };
            return format!("route[steps][{}][{field}]", row(filled, nth).unwrap_or_default());
        }
        if path.starts_with("channel_ids") || path.starts_with("recipients") {
            return "route[whom]".to_owned();
        }
        format!("route[{path}]")
    }

    /// As the pairs of a refused form fill it in.
    #[must_use]
    pub fn parse(pairs: &[(String, String)]) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            let Some(name) = name.strip_prefix("route[") else { continue };
            let parts: Vec<&str> = name.trim_end_matches(']').split("][").collect();
            let row = |i: &str| i.parse::<usize>().ok().filter(|i| *i < MOST_ROWS);
            let value = value.clone();
            match parts.as_slice() {
                ["matchers", i, field] => {
                    let Some(i) = row(i) else { continue };
                    form.matchers.resize(form.matchers.len().max(i + 1), MatcherForm::default());
                    match *field {
                        "field" => form.matchers[i].field = value,
                        "values" => form.matchers[i].values = value,
                        _ => {}
                    }
                }
                ["steps", i, field, ..] => {
                    let Some(i) = row(i) else { continue };
                    form.steps.resize(form.steps.len().max(i + 1), StepForm::default());
                    match *field {
                        "after_seconds" => form.steps[i].after_seconds = value,
                        "whom" => form.steps[i].whom.push(value),
                        "people" => form.steps[i].people = value,
                        _ => {}
                    }
                }
                ["whom", ..] => form.whom.push(value),
                ["group_by", ..] => form.group_by.push(value),
                ["people"] => form.people = value,
                ["group_wait_seconds"] => form.group_wait_seconds = value,
                ["group_interval_seconds"] => form.group_interval_seconds = value,
                ["repeat_seconds"] => form.repeat_seconds = value,
                ["continues"] => form.continues = value,
                ["enabled"] => form.enabled = value,
                _ => {}
            }
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::UserId, query::pairs};
    use uuid::Uuid;

    fn ada() -> Person {
        Person { id: UserId(Uuid::from_u128(7)), email: "ada@mill.example".into() }
    }

    #[test]
    fn a_route_goes_through_its_form_and_back_unchanged() {
        let to =
            Recipients { roles: vec![Role::Planner], user_ids: vec![ada().id], owner: true, ..Recipients::default() };
        let route = Route {
            id: Some(RouteId(Uuid::from_u128(1))),
            matchers: vec![Matcher { field: MatcherField::Feature, values: vec!["jobs".into(), "system".into()] }],
            channel_ids: vec![ChannelId(Uuid::from_u128(2))],
            recipients: to.clone(),
            group_by: vec![GroupField::Feature, GroupField::EntityId],
            group_wait_seconds: 5,
            group_interval_seconds: 0,
            repeat_seconds: Some(600),
            steps: vec![RouteStep { after_seconds: 60, channel_ids: Vec::new(), recipients: to }],
            continues: true,
            enabled: false,
        };
        assert_eq!(RouteForm::of(&route, &[ada()]).read(route.id, &[ada()]), Ok(route));
    }

    #[test]
    fn what_was_typed_into_a_route_is_kept_and_its_faults_stand_at_their_fields() {
        let typed = "route[matchers][0][field]=alert_type&route[matchers][0][values]=&route[matchers][1][field]=severity_min\
            &route[matchers][1][values]=urgent&route[whom][3]=role:admin&route[whom][5]=king&route[people]=bob@mill.example\
            &route[group_wait_seconds]=soon&route[steps][1][after_seconds]=60&route[steps][1][whom][0]=owner&other=1";
        let form = RouteForm::parse(&pairs(typed));
        assert_eq!((form.whom.len(), form.steps[1].whom.len(), form.group_wait_seconds.as_str()), (2, 1, "soon"));
        let paths: Vec<String> = form.read(None, &[ada()]).unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["route[group_wait_seconds]", "route[whom]", "route[people]"]);
        assert_eq!(form.field_of("routes[2].matchers[0].values", 2), "route[matchers][1][values]");
        assert_eq!(form.field_of("routes[2].steps[0].after_seconds", 2), "route[steps][1][after_seconds]");
        assert_eq!(form.field_of("routes[2].channel_ids", 2), "route[whom]");
        assert_eq!(form.field_of("routes[2].group_wait_seconds", 2), "route[group_wait_seconds]");
        assert_eq!(form.field_of("routes[1].channel_ids", 2), "routes[1].channel_ids");
    }
}
