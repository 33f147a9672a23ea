//! Scenarios made from what a plan says: a limit of its way out let go, one of its figures forced, all its decisions
//! pinned. Each is the scenario of the plan's own run with operations more.

use super::{
    checks::{self, Asked},
    overlay::Overlay,
    queueing::{LIVE, aside, keep_input, queue_run},
    scenarios::{Checked, ScenariosService, checked},
};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    ids::{PlanId, PlanRunId, PlanScenarioId},
    planning::{ForceFigure, Handed, LetGo, LetGoScenario, MovedFamily, RunStarted, ScenarioDetail, code_of, label},
};
use engine::planning::{
    scenario::{FORMAT, Scenario},
    tree::{self, Tree},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::str::FromStr;
use store::planning::{
    decisions::{self, PlanHead},
    inputs::{self, GivenInput},
    plans, runs, scenarios,
};
use uuid::Uuid;

const LONGEST_NAME: usize = 120;
const LONGEST_CODE: usize = 40;
/// Scenarios of one name that are looked through for a free code.
const MOST_ALIKE: usize = 1_000;

/// A plan, what its run was given, and the version of its scenario.
struct Origin {
    plan: PlanHead,
    given: GivenInput,
    scenario_id: Option<Uuid>,
}

fn no_rows() -> AppError {
    AppError::conflict("The rows of this plan are not kept any more. Solve it again.")
}

async fn origin(connection: &mut PgConnection, plan: PlanId) -> Result<Origin, AppError> {
    let missing = || AppError::not_found("Plan");
    let plan = decisions::one(connection, plan.0).await?.ok_or_else(missing)?;
    if plan.rows_removed_at.is_some() {
        return Err(no_rows());
    }
    let run = runs::one(connection, plan.run_id).await?.ok_or_else(missing)?;
    let given = inputs::of_run(connection, plan.run_id).await?.ok_or_else(missing)?;
    if given.draw > 0 {
        return Err(AppError::conflict(
            "This plan is of one draw of a batch; a scenario of its own would draw anew. Begin from a run of one scenario.",
        ));
    }
    Ok(Origin { plan, given, scenario_id: run.scenario_id })
}

impl Origin {
    fn label(&self) -> String {
        label(self.plan.run_no)
    }

    /// The scenario of the run with operations more.
    fn with(&self, name: &str, description: &str, more: &[Value]) -> Result<Checked, AppError> {
        let ops = match &self.given.ops {
            Some(ops) => ops.clone(),
            None => Scenario::built_in_ops(&self.given.scenario).ok_or_else(AppError::internal)?,
        };
        let Ok(Tree::List(mut ops)) = tree::read(&ops) else { return Err(AppError::internal()) };
        for op in more {
            ops.push(tree::read(&op.to_string()).map_err(|_| AppError::internal())?);
        }
        let text = |text: &str| Tree::Text(text.to_owned());
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let overlay = Tree::Map(vec![
            ("format".to_owned(), text(FORMAT)),
            ("name".to_owned(), text(&name)),
            ("description".to_owned(), text(description)),
            ("seed".to_owned(), Tree::Number(self.given.seed.into())),
            ("ops".to_owned(), Tree::List(ops)),
        ]);
        checked(&overlay.canonical()).map_err(AppError::validation)
    }
}

/// A code that nobody has: the one wanted, or one with a number behind it. A scenario with these operations that is
/// not archived is told instead.
async fn free_code(connection: &mut PgConnection, wanted: &str, ops: &str) -> Result<Result<String, Uuid>, AppError> {
    let wanted = code_of(wanted);
    for n in 1..=MOST_ALIKE {
        let tail = if n == 1 { String::new() } else { format!("_{n}") };
        let code = format!("{}{tail}", &wanted[..wanted.len().min(LONGEST_CODE - tail.len())]);
        match scenarios::newest(connection, &code).await? {
            None => return Ok(Ok(code)),
            Some(there) if there.archived_at.is_none() => {
                if tree::read(&there.ops).is_ok_and(|there| there.canonical() == ops) {
                    return Ok(Err(there.id));
                }
            }
            Some(_) => {}
        }
    }
    Err(AppError::conflict("There are too many scenarios like this one. Archive some, or copy one."))
}

fn id_of(made: &ScenarioDetail) -> Result<PlanScenarioId, AppError> {
    made.scenario.id.ok_or_else(AppError::internal)
}

impl ScenariosService {
    pub(super) async fn let_it_go(&self, who: &Principal, asked: LetGo) -> Result<LetGoScenario, AppError> {
        who.require(Permission::PlanEditScenario)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let of = origin(&mut tx, asked.plan).await?;
        let slacks = plans::slacks(&mut tx, asked.plan.0, None).await?;
        let missing = || AppError::not_found("Limit of the way out");
        let (chosen, words) = match asked.slack {
            Some(n) => {
                let slack = usize::try_from(n).ok().and_then(|n| slacks.get(n)).ok_or_else(missing)?;
                (std::slice::from_ref(slack), slack.words.clone())
            }
            None if slacks.is_empty() => return Err(missing()),
            None => (slacks.as_slice(), "all of it".to_owned()),
        };
        if chosen.iter().any(|slack| slack.ops.is_empty()) {
            return Err(AppError::conflict("No operation says just this. Change the input, or copy the scenario."));
        }
        let mut ops: Vec<Value> = Vec::new();
        for op in chosen.iter().flat_map(|slack| &slack.ops) {
            if !ops.contains(op) {
                ops.push(op.clone());
            }
        }
        let label = of.label();
        let new = of.with(
            &format!("Way out of {label}: {words}"),
            &format!("Lets go what the way out of {label} lets go."),
            &ops,
        )?;
        let which = asked.slack.map_or_else(|| "all".to_owned(), |n| (n + 1).to_string());
        let scenario_id = match free_code(&mut tx, &format!("way_out_{label}_{which}"), &new.ops).await? {
            Err(there) => PlanScenarioId(there),
            Ok(code) => {
                let from = Some((of.given.scenario.as_str(), of.scenario_id));
                id_of(&self.begin(&mut tx, who, &code, &new, from).await?)?
            }
        };
        store::commit(tx).await?;
        Ok(LetGoScenario { scenario_id, run_id: PlanRunId(of.plan.run_id) })
    }

    pub(super) async fn force_it(&self, who: &Principal, asked: ForceFigure) -> Result<RunStarted, AppError> {
        who.require(Permission::PlanEditScenario)?;
        who.require(Permission::PlanRun)?;
        asked.validate().map_err(|fault| AppError::validation(vec![fault]))?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let of = origin(&mut connection, asked.plan).await?;
        if of.plan.is_relaxed {
            return Err(AppError::conflict("These rows let hard limits go. Make a scenario of the way out first."));
        }
        let (row, words) = pinned(&mut connection, asked).await?;
        drop(connection);
        let label = of.label();
        let tonnes = asked.tonnes;
        let pin = json!({"op": "pin", "plan_id": asked.plan.to_string(), "whole": false, "rows": [row]});
        let new = of.with(
            &format!("{label}: {words} at {tonnes} t"),
            &format!("The plan of {label} with one figure forced."),
            &[pin],
        )?;
        let (document, options) = (of.given.document.clone(), of.given.options.clone());
        let asked_of: Asked = serde_json::from_value(options).map_err(|_| AppError::internal())?;
        let (name, ops, seed) = (format!("force_{label}"), new.ops.clone(), new.seed);
        let (base, mut prepared) = aside(move || {
            let base = checks::base(&Handed::Text(document))?;
            let overlay = Overlay::of(&name, None, Some(&ops), seed).map_err(|faults| checks::refused(&faults))?;
            let prepared = base.under(overlay, &asked_of)?;
            Ok((base, prepared))
        })
        .await?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let (code, id) = match free_code(&mut tx, &format!("force_{label}"), &new.ops).await? {
            Ok(code) => {
                let from = Some((of.given.scenario.as_str(), of.scenario_id));
                let made = self.begin(&mut tx, who, &code, &new, from).await?;
                (code, id_of(&made)?.0)
            }
            Err(there) => {
                let row = scenarios::one(&mut tx, there).await?.ok_or_else(AppError::internal)?;
                (row.code, there)
            }
        };
        (prepared.overlay.name, prepared.overlay.id) = (code, Some(id));
        prepared.forced_from = Some(asked.plan.0);
        let input = keep_input(&self.backend, &mut tx, who, &base, LIVE).await?;
        let started = queue_run(&self.backend, &mut tx, who, input, &prepared, None).await?;
        store::commit(tx).await?;
        Ok(started)
    }
}

/// A row of a plan as a pin names it, with its new tonnes, and what it is in words.
async fn pinned(connection: &mut PgConnection, asked: ForceFigure) -> Result<(Value, String), AppError> {
    let missing = || AppError::not_found("Row of the plan");
    let place = usize::try_from(asked.row).map_err(|_| missing())?;
    let most = Some(asked.row.saturating_add(1));
    Ok(match asked.family {
        MovedFamily::Production => {
            let rows = plans::production(connection, asked.plan.0, most).await?;
            let row = rows.get(place).ok_or_else(missing)?;
            let words = format!("{} {} {} in {}", row.node, row.line, row.product, row.period);
            let pin = json!({"node": row.node, "line": row.line, "product": row.product, "period": row.period,
                             "tonnes": asked.tonnes});
            (pin, words)
        }
        MovedFamily::Shipments => {
            let rows = plans::shipments(connection, asked.plan.0, most).await?;
            let row = rows.get(place).ok_or_else(missing)?;
            let words = format!("{} to {} by {} in {}", row.from, row.to, row.mode, row.period);
            let mut pin = json!({"from": row.from, "to": row.to, "mode": row.mode, "product": row.product,
                                 "period": row.period, "tonnes": asked.tonnes});
            if let Some(own) = &row.lane_product {
                pin["lane_product"] = own.as_str().into();
            }
            (pin, words)
        }
    })
}

/// A draft in which every pin that names a plan has its rows; and what is wrong with the plans named.
pub(super) async fn with_rows(
    connection: &mut PgConnection,
    overlay: &str,
) -> Result<(String, Vec<FieldError>), AppError> {
    let (mut faults, mut filled) = (Vec::new(), false);
    let Ok(Tree::Map(mut fields)) = tree::read(overlay) else { return Ok((overlay.to_owned(), faults)) };
    let Some((_, Tree::List(ops))) = fields.iter_mut().find(|(name, _)| name == "ops") else {
        return Ok((overlay.to_owned(), faults));
    };
    for (i, op) in ops.iter_mut().enumerate() {
        let Tree::Map(entries) = op else { continue };
        let of = |name: &str| entries.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let (Some(plan), None, Some("pin")) = (of("plan_id"), of("rows"), of("op").as_ref().and_then(Tree::text))
        else {
            continue;
        };
        let path = format!("ops[{i}].plan_id");
        let rows = match rows_of(connection, &plan).await? {
            Ok(rows) => rows,
            Err(message) => {
                faults.push(FieldError::new(path, message));
                Tree::Map(Vec::new())
            }
        };
        entries.push(("rows".to_owned(), rows));
        if entries.iter().all(|(known, _)| known != "whole") {
            entries.push(("whole".to_owned(), Tree::Bool(true)));
        }
        filled = true;
    }
    let text = if filled { Tree::Map(fields).canonical() } else { overlay.to_owned() };
    Ok((text, faults))
}

/// The decisions of a plan by family, or why there are none.
async fn rows_of(connection: &mut PgConnection, plan: &Tree) -> Result<Result<Tree, String>, AppError> {
    let none = || Ok(Err("There is no such plan.".to_owned()));
    let Some(plan) = plan.text().and_then(|id| PlanId::from_str(id).ok()) else { return none() };
    let Some(head) = decisions::one(connection, plan.0).await? else { return none() };
    if head.rows_removed_at.is_some() {
        return Ok(Err(no_rows().message));
    }
    let text = |name: &str, value: String| (name.to_owned(), Tree::Text(value));
    let tonnes = |value: f64| {
        let value = Decimal::from_f64_retain(value).map(|value| value.round_dp(6).normalize()).unwrap_or_default();
        ("tonnes".to_owned(), Tree::Number(value))
    };
    let production = plans::production(connection, plan.0, None).await?.into_iter().map(|row| {
        Tree::Map(vec![
            text("node", row.node),
            text("line", row.line),
            text("product", row.product),
            text("period", row.period),
            tonnes(row.tonnes),
        ])
    });
    let shipments = plans::shipments(connection, plan.0, None).await?.into_iter().map(|row| {
        let own = row.lane_product.map(|own| text("lane_product", own));
        let fields = [
            text("from", row.from),
            text("to", row.to),
            text("mode", row.mode),
            text("product", row.product),
            text("period", row.period),
            tonnes(row.tonnes),
        ];
        Tree::Map(fields.into_iter().chain(own).collect())
    });
    Ok(Ok(Tree::Map(vec![
        ("production".to_owned(), Tree::List(production.collect())),
        ("shipments".to_owned(), Tree::List(shipments.collect())),
    ])))
}
