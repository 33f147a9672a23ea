use super::*;
use crate::alerts::MatcherField;
use uuid::Uuid;

fn of(severity: Severity) -> Subject<'static> {
    Subject {
        alert_type: "low_stock",
        feature: AlertFeature::Inventory,
        severity,
        entity_type: Some("product"),
        entity_id: Some("7"),
        rule_id: None,
    }
}

fn from(severity: &str, continues: bool) -> Route {
    Route {
        matchers: vec![Matcher { field: MatcherField::SeverityMin, values: vec![severity.into()] }],
        recipients: Recipients::usual(),
        continues,
        ..Route::default()
    }
}

#[test]
fn the_first_route_that_matches_ends_it_unless_it_continues() {
    let routes = [from("critical", false), from("high", true), from("medium", false), from("low", false)];
    let found = |severity| -> Vec<usize> {
        let place = |route: &&Route| routes.iter().position(|one| std::ptr::eq(one, *route)).unwrap();
        matching(&routes, &of(severity)).iter().map(place).collect()
    };
    assert_eq!(found(Severity::Critical), [0]);
    assert_eq!(found(Severity::High), [1, 2]);
    assert_eq!(found(Severity::Low), [3]);
    let off = [Route { enabled: false, ..from("low", false) }];
    assert!(matching(&off, &of(Severity::Critical)).is_empty(), "switched off");
    assert_eq!(matching(&[Route::default()], &of(Severity::Low)).len(), 1, "no condition, every alert");
}

#[test]
fn a_group_waits_once_then_goes_after_its_interval() {
    let now: DateTime<Utc> = "2026-05-01T08:00:00Z".parse().unwrap();
    let (second, none) = (Duration::seconds(1), GroupState::default());
    assert_eq!(send_at(now, 30, 300, none), now + second * 30);
    let waits = GroupState { waits_until: Some(now + second * 12), sent_at: Some(now - second * 9) };
    assert_eq!(send_at(now, 30, 300, waits), now + second * 12, "with the one that waits");
    let sent = GroupState { waits_until: None, sent_at: Some(now - second * 100) };
    assert_eq!(send_at(now, 30, 300, sent), now + second * 200);
    let long_ago = GroupState { waits_until: None, sent_at: Some(now - second * 300) };
    assert_eq!(send_at(now, 30, 300, long_ago), now + second * 30);
    let route = Route { group_by: vec![GroupField::AlertType, GroupField::EntityId], ..Route::default() };
    assert_eq!(route.group_key(&of(Severity::Low)), ":low_stock:7");
}

#[test]
fn all_that_is_wrong_with_the_routes_has_its_path() {
    let id = Some(RouteId(Uuid::from_u128(1)));
    let bad = Route {
        id,
        matchers: vec![Matcher { field: MatcherField::SeverityMin, values: vec!["urgent".into()] }],
        group_wait_seconds: 3_601,
        repeat_seconds: Some(59),
        steps: vec![
            RouteStep { after_seconds: 60, recipients: Recipients::usual(), ..RouteStep::default() },
            RouteStep { after_seconds: 60, ..RouteStep::default() },
        ],
        ..Route::default()
    };
    let list = SetRoutes { version: 1, routes: vec![Route { id, ..from("low", true) }, bad] };
    let paths: Vec<String> = list.validate().unwrap_err().into_iter().map(|fault| fault.path).collect();
    assert_eq!(
        paths,
        [
            "routes[1].id",
            "routes[1].channel_ids",
            "routes[1].group_wait_seconds",
            "routes[1].repeat_seconds",
            "routes[1].matchers[0].values",
            "routes[1].steps[1].after_seconds",
            "routes[1].steps[1].channel_ids",
        ]
    );
}

#[test]
fn routes_change_places_and_stay_within_the_list() {
    let route = |n: u128| Route { id: Some(RouteId(Uuid::from_u128(n))), ..from("low", true) };
    let list = RouteList { version: 1, changed_by: None, changed_at: None, routes: vec![route(1), route(2)] };
    let ids = |how, n: u128| -> Vec<u128> {
        let moved = list.moved(RouteId(Uuid::from_u128(n)), how).unwrap();
        moved.iter().map(|route| route.id.unwrap().0.as_u128()).collect()
    };
    assert_eq!((ids(RouteMove::Up, 2), ids(RouteMove::Up, 1)), (vec![2, 1], vec![1, 2]));
    assert_eq!((ids(RouteMove::Down, 1), ids(RouteMove::Down, 2)), (vec![2, 1], vec![1, 2]));
    assert_eq!(ids(RouteMove::Delete, 1), [2]);
    assert!(list.moved(RouteId(Uuid::from_u128(3)), RouteMove::Up).is_none());
    assert!(!list.moved(RouteId(Uuid::from_u128(1)), RouteMove::Disable).unwrap()[0].enabled);
}
