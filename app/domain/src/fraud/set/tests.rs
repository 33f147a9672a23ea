use super::*;

fn rule(code: &str, formula: &str) -> EditRule {
    EditRule {
        code: code.into(),
        name: "A rule".into(),
        text: "It hits".into(),
        formula: Some(formula.into()),
        expression: None,
        points: 10.into(),
        times: None,
        enabled: true,
    }
}

fn edit(rules: Vec<EditRule>) -> EditRuleSet {
    EditRuleSet {
        name: "Mine".into(),
        review_at: Some(30.into()),
        hold_at: None,
        decline_at: Some(Decimal::new(8500, 2)),
        note: None,
        learned_model: None,
        rules,
        version: Some(1),
    }
}

fn paths(of: &EditRuleSet) -> Vec<String> {
    of.read(2).unwrap_err().into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_draft_is_read_from_formulas_and_trees() {
    let tree = EditRule {
        formula: None,
        expression: Some(serde_json::json!({"gt": [{"feature": "amount"}, {"const": 5}]})),
        times: Some("cust_risk_score".into()),
        ..rule("b", "")
    };
    let (set, note) = edit(vec![rule("a", "amount > 5"), tree]).read(2).unwrap();
    assert_eq!((set.number, note), (2, None));
    assert_eq!(set.rules[0].expression, set.rules[1].expression);
    assert_eq!(set.rules[1].times, Some(Feature::CustRiskScore));
}

#[test]
fn every_fault_of_a_draft_is_told_where_it_is() {
    let both = EditRule { expression: Some(serde_json::json!({})), ..rule("c", "amount > 5") };
    let bad = EditRuleSet {
        name: " ".into(),
        hold_at: Some(20.into()),
        ..edit(vec![
            rule("a", "amount >"),
            rule("b", "amount + 1"),
            both,
            EditRule { times: Some("list_block".into()), points: Decimal::new(1, 3), ..rule("a", "list_block") },
            EditRule { text: "two\nlines".into(), ..rule("D", "cust_orders > 5 and amount") },
        ])
    };
    assert_eq!(
        paths(&bad),
        [
            "name",
            "rules[0].formula",
            "rules[2].formula",
            "rules[3].times",
            "rules[4].text",
            "thresholds",
            "rules[1].expression",
            "rules[3].code",
            "rules[3].points",
            "rules[4].code",
            "rules[4].expression.all[1]"
        ]
    );
    assert_eq!(paths(&edit(vec![rule("a", "list_block"); MOST_RULES + 1])), ["rules"]);
}
