//! Server functions of backtests and datasets.

#![allow(clippy::too_many_arguments, reason = "a form's fields, which the macro hands on one by one")]

use crate::{fault::Fault, page_data::Packed};
use domain::fraud::backtest::{BacktestDetail, BacktestList};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// Backtests, datasets, and what can be tried.
#[server(prefix = "/fn", endpoint = "backtests/list", input = GetUrl)]
pub async fn load_backtests() -> Result<Packed<BacktestList>, Fault> {
    use crate::context::{port, principal};
    use domain::fraud::backtest::BacktestsPort;
    Packed::of(&port::<dyn BacktestsPort>()?.list(&principal()?).await?)
}

/// One backtest; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "backtests/one", input = GetUrl)]
pub async fn load_backtest(id: String) -> Result<Packed<Option<BacktestDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, fraud::backtest::BacktestsPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    match port::<dyn BacktestsPort>()?.backtest(&principal()?, id).await {
        Ok(backtest) => Packed::of(&Some(backtest)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

/// Puts a backtest into the queue and goes to it. `source` is `own` or the id of a dataset.
#[server(prefix = "/fn", endpoint = "backtests/start")]
pub async fn start_backtest(
    rule_set: String,
    source: String,
    from: String,
    to: String,
    label_delay_days: String,
    #[server(default)] train_from: String,
    #[server(default)] train_to: String,
    k: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError, FieldError,
        fraud::backtest::{BacktestsPort, Days, NewBacktest, Source},
    };
    use std::str::FromStr;
    fn read<T: FromStr>(path: &str, text: &str, wanted: &str, faults: &mut Vec<FieldError>) -> Option<T> {
        let read = text.trim().parse().ok();
        if read.is_none() {
            faults.push(FieldError::new(path, wanted));
        }
        read
    }
    let mut faults = Vec::new();
    let (day, number) = ("Choose a day.", "Give a whole number.");
    let set = read("rule_set", &rule_set, "Choose a rule set.", &mut faults);
    let (first, last) = (read("from", &from, day, &mut faults), read("to", &to, day, &mut faults));
    let delay = read("label_delay_days", &label_delay_days, number, &mut faults);
    let cards = read("k", &k, number, &mut faults);
    let dataset = match source.as_str() {
        "own" => None,
        id => read("dataset_id", id, "Choose where the sales come from.", &mut faults),
    };
    let learns = !(train_from.trim().is_empty() && train_to.trim().is_empty());
    let train = if learns {
        let first = read("train.from", &train_from, day, &mut faults);
        first.zip(read("train.to", &train_to, day, &mut faults)).map(|(from, to)| Days { from, to })
    } else {
        None
    };
    let (Some(rule_set), Some(from), Some(to), Some(label_delay_days), Some(k), true) =
        (set, first, last, delay, cards, faults.is_empty())
    else {
        return Err(AppError::validation(faults).into());
    };
    let source = if dataset.is_some() { Source::Dataset } else { Source::Own };
    let new = NewBacktest { rule_set, source, dataset_id: dataset, from, to, label_delay_days, train, k };
    let row = port::<dyn BacktestsPort>()?.start(&principal()?, new, None).await.value?;
    redirect(&format!("/fraud/backtests/{}", row.id));
    Ok(())
}

/// Removes a dataset with the backtests made of it.
#[server(prefix = "/fn", endpoint = "backtests/remove_dataset")]
pub async fn remove_dataset(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::backtest::BacktestsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Dataset"))?;
    port::<dyn BacktestsPort>()?.remove_dataset(&principal()?, id).await?;
    redirect("/fraud/backtests");
    Ok(())
}
