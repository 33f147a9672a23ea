//! A page's data: asked for while the page's code is still on its way, decoded by that code.
//!
//! A lazy route's `data()` lies in the shell, which every visitor downloads first. It may start a request
//! there, but what decodes a screen belongs to the page's own file. So the shell carries an answer as
//! JSON text ([`Packed`]), and [`PageData`] opens it where it is shown.

use crate::{fault::Fault, live::use_topic};
use domain::{AppError, ErrorCode, access::Principal, live::Topic};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use std::{fmt, future::Future, marker::PhantomData, pin::Pin};

/// The query of the address while it is that of the page at `path`. While a page is left the address is another's already,
/// and what asks by it would ask with the other's query.
#[must_use]
pub fn own_search(path: &'static str) -> Memo<String> {
    let location = use_location();
    let (at, search) = (location.pathname, location.search);
    Memo::new(move |before: Option<&String>| match before {
        Some(before) if at.get() != path => before.clone(),
        _ => search.get(),
    })
}

/// A `T` as JSON text. On the wire it cannot be told from a `T`.
pub struct Packed<T> {
    json: Box<RawValue>,
    holds: PhantomData<fn() -> T>,
}

impl<T> Packed<T> {
    const fn new(json: Box<RawValue>) -> Self {
        Self { json, holds: PhantomData }
    }

    /// The same text, its type forgotten: one reactive cell's code then serves the data of all pages.
    fn untyped(self) -> Packed<Untyped> {
        Packed::new(self.json)
    }
}

impl<T: Serialize> Packed<T> {
    /// Packs the answer of a server function.
    ///
    /// # Errors
    /// `internal` when `value` has no JSON form.
    pub fn of(value: &T) -> Result<Self, Fault> {
        to_raw_value(value).map(Self::new).map_err(|_| Fault(AppError::internal()))
    }
}

impl<T: DeserializeOwned> Packed<T> {
    /// The value.
    ///
    /// # Errors
    /// `unavailable` when it has another shape.
    pub fn open(&self) -> Result<T, Fault> {
        open(&self.json)
    }
}

impl<T> Clone for Packed<T> {
    fn clone(&self) -> Self {
        Self::new(self.json.clone())
    }
}

impl<T> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Packed").field(&self.json.get()).finish()
    }
}

impl<T> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::new)
    }
}

/// Some screen or other.
enum Untyped {}

type Answer = Result<Packed<Untyped>, Fault>;

/// The last good answer, and the query of the address it was asked with.
struct Good {
    search: Memo<String>,
    last: Option<(String, Packed<Untyped>)>,
}

/// What a page shows, loaded from a server function and again whenever what it was asked with changes.
/// `.await` it inside `Suspend`, and read there untracked what it was asked with: run again for that alone, before the new
/// answer is there, what is shown meanwhile would go on with the signals of a disposed run.
pub struct PageData<T> {
    answer: Resource<Answer>,
    good: StoredValue<Good>,
    shows: PhantomData<fn() -> T>,
}

impl<T: 'static> PageData<T> {
    /// Calls `fetch` with what `asked` says, at once and after each change. For `LazyRoute::data()`.
    pub fn load<A, F>(
        asked: impl Fn() -> A + Send + Sync + 'static,
        fetch: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: PartialEq + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Packed<T>, Fault>> + Send + 'static,
    {
        // Boxed, so that the reactive code is built once and not for every page's closures.
        let asked: Box<dyn Fn() -> A + Send + Sync> = Box::new(asked);
        let fetch: Box<dyn Fn(A) -> Boxed<Answer> + Send + Sync> = Box::new(move |with| {
            let answer = fetch(with);
            // Asked while the page is rendered, it is of the page's own request.
            let request = with_context::<Principal, _>(|who| who.trace().request_id.clone()).unwrap_or_default();
            Box::pin(async move {
                answer.await.map(Packed::untyped).map_err(|Fault(error)| Fault(error.of_request(&request)))
            })
        });
        let good = StoredValue::new(Good { search: use_location().search, last: None });
        Self { answer: Resource::new(asked, fetch), good, shows: PhantomData }
    }

    /// Calls `fetch` with the query of the page's address, and again when that or something of `topic` changes.
    pub fn of_address<F>(topic: Topic, fetch: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Packed<T>, Fault>> + Send + 'static,
    {
        let (search, changed) = (use_location().search, use_topic(topic));
        Self::load(move || (search.get(), changed.get()), move |(query, _)| fetch(query))
    }

    /// As [`PageData::of_address`] for a page of figures: again when sales, visits or settings change, and when a
    /// better value has come for a figure that was shown an older one of.
    pub fn of_figures<F>(fetch: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Packed<T>, Fault>> + Send + 'static,
    {
        let search = use_location().search;
        let topics = [Topic::Transactions, Topic::Analytics, Topic::Settings, Topic::Metric].map(use_topic);
        Self::load(move || (search.get(), topics.map(|changed| changed.get())), move |(query, _)| fetch(query))
    }

    /// Asks again.
    pub fn refetch(self) {
        self.answer.refetch();
    }
}

/// What a section of a page has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled<T> {
    Ready(T),
    /// The last good answer, because there is no newer one.
    Last(T, Fault),
    Failed(Fault),
}

impl<T: DeserializeOwned + 'static> PageData<T> {
    /// The newest answer. One that could not be had leaves the last good one of the same address standing.
    pub async fn settled(self) -> Settled<T> {
        // The page may be left in the meantime.
        let asked = self.good.try_with_value(|good| good.search.try_get_untracked()).flatten();
        let fault = match self.answer.await {
            Ok(packed) => match open(&packed.json) {
                Ok(value) => {
                    self.good.try_update_value(|good| good.last = asked.map(|asked| (asked, packed)));
                    return Settled::Ready(value);
                }
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        let last = self.good.try_with_value(|good| {
            let (of, packed) = good.last.as_ref().filter(|_| fault.0.is_passing())?;
            (asked.as_ref() == Some(of)).then(|| open(&packed.json).ok()).flatten()
        });
        match last.flatten() {
            Some(last) => Settled::Last(last, fault),
            None => Settled::Failed(fault),
        }
    }

    /// What was answered last, if it was an answer; follows changes.
    #[must_use]
    pub fn latest(self) -> Option<T> {
        self.answer.with(|answer| open(&answer.as_ref()?.as_ref().ok()?.json).ok())
    }
}

impl<T> Clone for PageData<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PageData<T> {}

impl<T> fmt::Debug for PageData<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageData").finish_non_exhaustive()
    }
}

type Boxed<O> = Pin<Box<dyn Future<Output = O> + Send>>;

impl<T: DeserializeOwned + 'static> IntoFuture for PageData<T> {
    type Output = Result<T, Fault>;
    type IntoFuture = Boxed<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { open(&self.answer.await?.json) })
    }
}

fn open<T: DeserializeOwned>(json: &RawValue) -> Result<T, Fault> {
    serde_json::from_str(json.get()).map_err(|_| {
        // Only a page and a server of different versions disagree about a screen's shape.
        let message = "This page and the server are of different versions. Load the page again.";
        Fault(AppError::new(ErrorCode::Unavailable, message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (i32, String, [Option<f64>; 2]);

    #[test]
    fn on_the_wire_a_packed_value_is_the_value() {
        let packed = Packed::of(&(1, "<b>", [Some(2.5), None])).unwrap();
        let wire = serde_json::to_string(&Ok::<_, Fault>(packed)).unwrap();
        assert_eq!(wire, r#"{"Ok":[1,"<b>",[2.5,null]]}"#);
        let back: Result<Packed<Row>, Fault> = serde_json::from_str(&wire).unwrap();
        let value: Row = open(&back.unwrap().untyped().json).unwrap();
        assert_eq!(value, (1, "<b>".to_owned(), [Some(2.5), None]));
    }

    #[test]
    fn a_screen_of_another_version_asks_for_a_reload() {
        let packed = Packed::of(&"text").unwrap().untyped();
        let Fault(error) = open::<Vec<i32>>(&packed.json).unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
    }
}
