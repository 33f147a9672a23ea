//! Server functions of rule sets.

use crate::{fault::Fault, page_data::Packed};
use domain::fraud::{
    set::{Replay, RuleSetScreen, RuleSetsScreen},
    set_form::SetForm,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// All sets.
#[server(prefix = "/fn", endpoint = "fraud/rule_sets", input = GetUrl)]
pub async fn load_rule_sets() -> Result<Packed<RuleSetsScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::fraud::set::RuleSetsPort;
    Packed::of(&port::<dyn RuleSetsPort>()?.sets_screen(&principal()?).await?)
}

/// One set; `None` also for a number that cannot be one.
#[server(prefix = "/fn", endpoint = "fraud/rule_set", input = GetUrl)]
pub async fn load_rule_set(number: String) -> Result<Packed<Option<RuleSetScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, fraud::set::RuleSetsPort};
    let Ok(number) = number.parse() else { return Packed::of(&None) };
    match port::<dyn RuleSetsPort>()?.screen(&principal()?, number).await {
        Ok(screen) => Packed::of(&Some(screen)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a draft of a set, once for its key, and goes to it.
#[server(prefix = "/fn", endpoint = "fraud/copy_rule_set")]
pub async fn copy_rule_set(copy_of: i32, idempotency_key: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        fraud::set::{CopyRuleSet, RuleSetsPort},
        idempotency::IdempotencyKey,
    };
    let (key, command) = (IdempotencyKey::parse(&idempotency_key)?, CopyRuleSet { copy_of, name: None });
    let made = port::<dyn RuleSetsPort>()?.copy(&principal()?, &command, Some(&key)).await;
    redirect(&format!("/fraud/rules/{}", made.value?.row.number));
    Ok(())
}

/// Writes a draft as its form says.
#[server(prefix = "/fn", endpoint = "fraud/save_rule_set")]
pub async fn save_rule_set(
    number: i32,
    #[server(default)] version: Option<i32>,
    #[server(default)] set: SetForm,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::set::RuleSetsPort};
    let command = set.read(version).map_err(AppError::validation)?;
    let edited = port::<dyn RuleSetsPort>()?.edit(&principal()?, number, &command).await;
    edited.map_err(|error| set.placed(error))?;
    redirect(&format!("/fraud/rules/{number}?saved"));
    Ok(())
}

/// Puts a set in shadow (`shadow`), live (`publish`) or away (`retire`), once for its key.
#[server(prefix = "/fn", endpoint = "fraud/move_rule_set")]
pub async fn move_rule_set(number: i32, how: String, idempotency_key: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::set::RuleSetsPort, idempotency::IdempotencyKey};
    let (sets, who, key) = (port::<dyn RuleSetsPort>()?, principal()?, IdempotencyKey::parse(&idempotency_key)?);
    let moved = match how.as_str() {
        "shadow" => sets.shadow(&who, number, Some(&key)).await,
        "publish" => sets.publish(&who, number, Some(&key)).await,
        "retire" => sets.retire(&who, number, Some(&key)).await,
        _ => return Err(AppError::field("how", "Choose what to do.").into()),
    };
    moved.value?;
    redirect(&format!("/fraud/rules/{number}"));
    Ok(())
}

/// Judges the sale of a case again; `None`: no set has judged it.
#[server(prefix = "/fn", endpoint = "fraud/replay", input = GetUrl)]
pub async fn load_replay(case: String) -> Result<Packed<Option<Replay>>, Fault> {
    use crate::context::{port, principal};
    use domain::fraud::set::RuleSetsPort;
    let Ok(case) = case.parse() else { return Packed::of(&None) };
    Packed::of(&port::<dyn RuleSetsPort>()?.replay_of_case(&principal()?, case).await?)
}
