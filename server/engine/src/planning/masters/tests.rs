use super::*;
use crate::planning::{document::schema::section, sample, tree::read};
use domain::planning::Verdict;

fn sample() -> Network {
    let (document, faults) = Document::parse(sample::DOCUMENT).unwrap();
    assert_eq!(faults, []);
    Network::of(&document)
}

fn row(of: &str, text: &str) -> Row {
    let (row, faults) = read_row(section(of).unwrap(), &read(text).unwrap());
    assert_eq!(faults, []);
    row
}

fn place(of: &str) -> usize {
    SECTIONS.iter().position(|one| one.name == of).unwrap()
}

#[test]
fn a_network_made_of_a_document_freezes_to_the_same_hash() {
    let (document, _) = Document::parse(sample::DOCUMENT).unwrap();
    let odd = sample::DOCUMENT.replacen(
        "\"max_closing_tonnes\":40",
        "\"max_closing_tonnes\":null,\"x_note\":{\"a\":[1.50]}",
        1,
    );
    let (odd, _) = Document::parse(&odd).unwrap();
    assert_ne!(odd.sha256(), document.sha256());
    for document in [document, odd] {
        let (frozen, faults) = Network::of(&document).freeze();
        assert_eq!((frozen.sha256(), faults), (document.sha256(), Vec::new()));
        // Row by row through their texts, as they are kept.
        let mut again = Network { head: read(&head_of(&document).canonical()).unwrap(), rows: Vec::new() };
        for section in SECTIONS {
            let rows = document
                .rows(section.name)
                .iter()
                .map(|row| read_row(section, &read(&row.tree().canonical()).unwrap()).0);
            again.rows.push(rows.collect());
        }
        assert_eq!(again.freeze().0.sha256(), document.sha256());
    }
}

#[test]
fn rows_are_told_apart_by_key_and_period_and_say_what_they_need() {
    let lane = row("lanes", "{\"from\":\"A\",\"to\":\"X\",\"mode\":\"truck\",\"period\":\"2\",\"max_tonnes\":5}");
    let lanes = section("lanes").unwrap();
    assert_eq!(key(lanes, &lane), "A/X/road//2");
    let plain = row("lanes", "{\"from\":\"A\",\"to\":\"X\"}");
    assert_eq!(key(lanes, &plain), "A/X/road");
    assert_eq!(mentions(lanes, &lane).into_iter().collect::<Vec<_>>(), ["node:A", "node:X", "period:2"]);
    let line = "{\"node\":\"A\",\"capacity_tonnes\":5,\"calendar\":\"K\",\"inputs\":[{\"product\":\"C\",\"tonnes_per_tonne\":0.6}],
                 \"uses\":[{\"resource\":\"R\",\"hours_per_tonne\":1}]}";
    let production = section("production").unwrap();
    let line = row("production", line);
    assert_eq!(key(production, &line), "A/L1");
    let told: Vec<_> = mentions(production, &line).into_iter().collect();
    assert_eq!(told, ["calendar:K", "node:A", "product:C", "resource:R"]);
    let contract = row(
        "contracts",
        "{\"id\":\"C1\",\"sense\":\"<=\",\"limit\":5,\"from\":[\"A\",\"B\"],\"to\":\"X\",\"periods\":[\"1\"]}",
    );
    let told = nodes(section("contracts").unwrap(), &contract);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["A", "B", "X"]);
    let node = row("nodes", "{\"id\":\"A\",\"type\":\"IU\"}");
    assert_eq!(defines(section("nodes").unwrap(), &node).as_deref(), Some("node:A"));
}

#[test]
fn faults_of_a_row_begin_at_the_row() {
    let (_, faults) = read_row(
        section("stock").unwrap(),
        &read("{\"node\":\"A\",\"policy_typ\":\"absolute\",\"opening_tonnes\":-1}").unwrap(),
    );
    let told: Vec<_> = faults.iter().map(|fault| (fault.code, fault.path.as_str())).collect();
    assert_eq!(told, [("E16", "policy_typ"), ("E06", "opening_tonnes")]);
    assert!(faults[0].message.contains("policy_type"), "{faults:?}");
    let both =
        read("{\"node\":\"A\",\"policy_type\":\"absolute\",\"policy_value\":4,\"safety_stock_tonnes\":4}").unwrap();
    assert_eq!(read_row(section("stock").unwrap(), &both).1[0].code, "E05");
    let alone = read("{\"node\":\"A\",\"policy_type\":\"absolute\"}").unwrap();
    assert_eq!(read_row(section("stock").unwrap(), &alone).1[0].path, "policy_value");
    let (_, faults) = read_head(&read("{\"name\":\"N\",\"currency\":\"inr\",\"nodes\":[]}").unwrap());
    let told: Vec<_> = faults.iter().map(|fault| (fault.code, fault.path.as_str())).collect();
    assert_eq!(told, [("E03", "currency"), ("E16", "nodes")]);
}

/// Safety stock of X in the frozen document: of all periods, and of each.
fn safety_of_x(stock: &str) -> Vec<(String, String)> {
    let mut network = sample();
    let stocks = &mut network.rows[place("stock")];
    stocks.retain(|row| row.text("node") != Some("X"));
    stocks.push(row("stock", stock));
    let (document, faults) = network.freeze();
    assert_eq!(faults, []);
    let rows = document.rows("stock").iter().filter(|row| row.text("node") == Some("X"));
    rows.filter_map(|row| {
        let safety = row.get("safety_stock_tonnes")?.canonical();
        Some((row.text("period").unwrap_or_default().to_owned(), safety))
    })
    .collect()
}

#[test]
fn a_policy_becomes_tonnes_when_the_network_is_frozen() {
    let of = |policy: &str| safety_of_x(&format!("{{\"node\":\"X\",\"opening_tonnes\":4,{policy}}}"));
    let told =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    assert_eq!(of("\"policy_type\":\"absolute\",\"policy_value\":4.50"), told(&[("", "4.5")]));
    // 60 + 75 tonnes in 60 days are 2.25 a day.
    assert_eq!(of("\"policy_type\":\"days_of_cover\",\"policy_value\":2"), told(&[("", "4.5")]));
    assert_eq!(of("\"policy_type\":\"percentage_of_demand\",\"policy_value\":10"), told(&[("1", "6"), ("2", "7.5")]));
    let two = "\"period\":\"2\",\"policy_type\":\"percentage_of_demand\",\"policy_value\":10";
    assert_eq!(safety_of_x(&format!("{{\"node\":\"X\",{two}}}")), told(&[("2", "7.5")]));
}

#[test]
fn working_days_become_factors_and_cost_what_the_factor_costs() {
    let mut network = sample();
    let dated = ["{\"id\":\"1\",\"start\":\"2026-04-01\",\"days\":30}", "{\"id\":\"2\",\"days\":31}"];
    network.rows[place("periods")] = dated.map(|text| row("periods", text)).to_vec();
    // No Sundays; 2 May at half.
    let calendar = "{\"id\":\"K\",\"weekday_mask\":63,\"exceptions\":[{\"day\":\"2026-05-02\",\"availability\":0.5,\"reason\":\"Audit\"}]}";
    network.rows[place("calendars")] = vec![row("calendars", calendar)];
    let (document, faults) = network.freeze();
    assert_eq!(faults, []);
    let factors = document.rows("calendars")[0].get("factors").unwrap().canonical();
    // April 2026 has four Sundays; from 1 to 31 May there are five, and half a day less.
    assert_eq!(factors, "[{\"factor\":0.866667,\"period\":\"1\"},{\"factor\":0.822581,\"period\":\"2\"}]");
    let stated = calendar.replacen("\"id\":\"K\"", "\"id\":\"K\",\"factors\":[{\"period\":\"1\",\"factor\":1}]", 1);
    network.rows[place("calendars")] = vec![row("calendars", &stated)];
    let factors = network.freeze().0.rows("calendars")[0].get("factors").unwrap().canonical();
    assert!(factors.starts_with("[{\"factor\":1,\"period\":\"1\"},{\"factor\":0.822581"), "{factors}");
    // Without dates it cannot be said.
    network.rows[place("periods")] = vec![row("periods", "{\"id\":\"1\"}")];
    assert_eq!(network.freeze().1[0].path, "calendars[0]");
}

#[test]
fn half_the_working_days_are_half_the_capacity() {
    let mut network = sample();
    let periods = ["{\"id\":\"1\",\"start\":\"2026-04-01\",\"days\":30}", "{\"id\":\"2\",\"days\":30}"];
    network.rows[place("periods")] = periods.map(|text| row("periods", text)).to_vec();
    let first = chrono::NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    let closed: Vec<_> =
        (0..60).step_by(2).map(|n| format!("{{\"day\":\"{}\"}}", first + chrono::Duration::days(n))).collect();
    let calendar = format!("{{\"id\":\"K\",\"exceptions\":[{}]}}", closed.join(","));
    network.rows[place("calendars")] = vec![row("calendars", &calendar)];
    for line in &mut network.rows[place("production")] {
        if line.text("node") == Some("B") {
            line.set("calendar", Tree::Text("K".into()));
        }
    }
    let (document, faults) = network.freeze();
    assert_eq!(faults, []);
    let (input, faults) = crate::planning::input::Input::of(&document);
    assert_eq!(crate::planning::fault::verdict(&faults), Verdict::Pass);
    let b = input.lines.iter().find(|line| input.nodes[line.node].id == "B").unwrap();
    assert_eq!(b.at.iter().map(|at| at.capacity).collect::<Vec<_>>(), [Some(35.0), Some(35.0)]);
}

#[test]
fn a_row_comes_back_from_the_texts_that_show_it() {
    let of = |name: &str, json: &str| {
        let section = section(name).unwrap();
        let before = row(name, json);
        let texts = typed::texts(section, &before);
        let (after, faults) = read_row(section, &typed::read(section, &texts, Some(&before)));
        assert_eq!((after.tree().canonical(), faults), (before.tree().canonical(), Vec::new()));
        texts
    };
    let line = "{\"node\":\"A\",\"capacity_tonnes\":null,\"running_before\":true,\"x_note\":{\"a\":1},
                 \"inputs\":[{\"product\":\"C\",\"tonnes_per_tonne\":0.65},{\"product\":\"S\",\"tonnes_per_tonne\":0.3}],
                 \"uses\":[{\"resource\":\"R\",\"setup_hours\":2}]}";
    let texts = of("production", line);
    assert_eq!((texts["inputs"].as_str(), texts["uses"].as_str()), ("C, 0.65; S, 0.3", "R, , 2"));
    assert_eq!((texts["capacity_tonnes"].as_str(), texts["running_before"].as_str()), ("null", "true"));
    of("contracts", "{\"id\":\"C\",\"sense\":\"<=\",\"limit\":5,\"from\":[\"A\"],\"to\":[\"X\",\"Y\"],\"periods\":[]}");
    of(
        "calendars",
        "{\"id\":\"K\",\"weekday_mask\":63,\"exceptions\":[{\"day\":\"2026-05-01\",\"availability\":0.5,\"reason\":\"Audit\"}]}",
    );
    of("nodes", "{\"id\":\"7\",\"type\":\"hub\",\"name\":\"7\"}");
    let wrong: std::collections::BTreeMap<_, _> =
        [("node", "A"), ("capacity_tonnes", "1,5"), ("uses", "R, 1, 2, 3"), ("line", " ")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into();
    let (_, faults) =
        read_row(section("production").unwrap(), &typed::read(section("production").unwrap(), &wrong, None));
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["capacity_tonnes", "uses[0].part 4"]);
}

#[test]
fn an_import_creates_updates_and_leaves_alone_by_key() {
    let network = sample();
    let same = import::changes(&network, &network);
    assert!(same.iter().all(|change| change.verdict == import::Verdict::Same));
    let mut document = sample();
    let lanes = &mut document.rows[place("lanes")];
    lanes[0].set("cost_per_tonne", Tree::Number(4.into()));
    lanes.remove(1);
    lanes.push(row("lanes", "{\"from\":\"B\",\"to\":\"A\",\"cost_per_tonne\":1}"));
    let told: Vec<_> = import::changes(&network, &document)
        .into_iter()
        .filter(|change| change.verdict != import::Verdict::Same)
        .map(|change| (change.key, change.verdict))
        .collect();
    let wanted = [
        ("A/X/road", import::Verdict::Updated),
        ("B/A/road", import::Verdict::Created),
        ("A/X/rail", import::Verdict::Missing),
    ];
    assert_eq!(told, wanted.map(|(key, verdict)| (key.to_owned(), verdict)));
    let fields = import::fields(Some(&network.rows[place("lanes")][0]), Some(&document.rows[place("lanes")][0]));
    assert_eq!(fields, [("cost_per_tonne".to_owned(), Some("3".to_owned()), Some("4".to_owned()))]);
    assert!(!import::head_differs(&network, &document));
}
