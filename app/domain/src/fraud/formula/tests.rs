use super::*;
use crate::fraud::RuleSet;
use proptest::prelude::*;

fn read(text: &str) -> Expression {
    Expression::read(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn refused(text: &str) -> String {
    Expression::read(text).unwrap_err().to_string()
}

#[test]
fn rules_are_written_as_people_read_them() {
    let standard = RuleSet::standard();
    let formula = |code: &str| {
        let rule = standard.rules.iter().find(|rule| rule.code == code);
        rule.map(|rule| rule.expression.formula()).unwrap_or_default()
    };
    assert_eq!(formula("amount_vs_own_mean"), "cust_orders_90d >= 5 and amount > 5 * cust_mean_90d");
    assert_eq!(formula("new_payment_large"), "not cust_payment_known and cust_orders >= 5 and amount > cust_p90");
    assert_eq!(RuleSet::classic().rules[3].expression.formula(), "hour_utc in (2, 3, 4, 5)");
    for set in [RuleSet::classic(), standard] {
        for rule in set.rules {
            assert_eq!(read(&rule.expression.formula()), rule.expression, "{}", rule.code);
        }
    }
}

#[test]
fn what_binds_stronger_is_read_first() {
    let same = |a: &str, b: &str| assert_eq!(read(a), read(b), "{a}");
    same("amount > 1 + 2 * 3", "(amount > (1 + (2 * 3)))");
    same("amount - 1 - 2 > 0", "(amount - 1) - 2 > 0");
    same("list_block or list_allow and not is_first_order", "list_block or (list_allow and (not is_first_order))");
    same("not amount = 1", "not (amount = 1)");
    same("AMOUNT Between 1\n and 3 AND list_block", "(amount between 1 and 3) and list_block");
    assert_ne!(
        read("(list_block and list_allow) and is_first_order"),
        read("list_block and list_allow and is_first_order")
    );
    assert_eq!(read("amount - -5.50 > 0").formula(), "amount - -5.50 > 0");
    assert_eq!(read("hour_utc in (-1, true)").formula(), "hour_utc in (-1, true)");
    assert_eq!(read("not (not list_block)").formula(), "not not list_block");
    assert_eq!(read("not (amount > 1)").formula(), "not (amount > 1)");
}

#[test]
fn a_fault_says_where_it_is_and_what_was_expected() {
    assert_eq!(
        refused("amount >"),
        "Line 1, position 9: expected a feature, a number, \"true\", \"false\" or \"(\", found the end."
    );
    assert_eq!(
        refused("amount > 1 2"),
        "Line 1, position 12: expected \"and\", \"or\" or the end, found \u{201c}2\u{201d}."
    );
    assert_eq!(
        refused("list_block and\n  cust_order > 1"),
        "Line 2, position 3: there is no feature \u{201c}cust_order\u{201d}. Did you mean \u{201c}cust_orders\u{201d}?"
    );
    assert_eq!(refused("shoe_size > 44"), "Line 1, position 1: there is no feature \u{201c}shoe_size\u{201d}.");
    assert_eq!(refused("(amount > 1"), "Line 1, position 12: expected \")\", found the end.");
    assert_eq!(refused("hour_utc in (2 3)"), "Line 1, position 16: expected \",\" or \")\", found \u{201c}3\u{201d}.");
    assert_eq!(refused("amount between 1 or 2"), "Line 1, position 18: expected \"and\", found \u{201c}or\u{201d}.");
    assert_eq!(refused("amount > 1.2.3"), "Line 1, position 10: \u{201c}1.2.3\u{201d} is no number.");
    assert_eq!(refused("amount > 5 €"), "Line 1, position 12: \u{201c}€\u{201d} has no meaning here.");
    assert!(refused("").contains("found the end"));
    assert!(refused(&"(".repeat(1_000)).contains("nested too deeply"));
    assert!(refused(&"not ".repeat(400)).contains("nested too deeply"));
    assert!(refused(&" ".repeat(MOST_CHARACTERS + 1)).contains("characters at most"));
    assert_eq!(
        refused("not and"),
        "Line 1, position 5: expected a feature, a number, \"true\", \"false\" or \"(\", found \u{201c}and\u{201d}."
    );
}

fn constants() -> impl Strategy<Value = Constant> {
    prop_oneof![
        any::<bool>().prop_map(Constant::Truth),
        (-1_000_000_i64..1_000_000, 0_u32..6).prop_map(|(n, scale)| Constant::Number(Decimal::new(n, scale))),
    ]
}

fn trees() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        (0..Feature::ALL.len()).prop_map(|n| Expression::Feature(Feature::ALL[n])),
        constants().prop_map(Expression::Const),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let pair = || (inner.clone(), inner.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expression::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expression::Any),
            inner.clone().prop_map(|part| Expression::Not(Box::new(part))),
            pair().prop_map(|(a, b)| Expression::Gt(a, b)),
            pair().prop_map(|(a, b)| Expression::Ge(a, b)),
            pair().prop_map(|(a, b)| Expression::Lt(a, b)),
            pair().prop_map(|(a, b)| Expression::Le(a, b)),
            pair().prop_map(|(a, b)| Expression::Eq(a, b)),
            pair().prop_map(|(a, b)| Expression::Ne(a, b)),
            (inner.clone(), prop::collection::vec(constants(), 0..4))
                .prop_map(|(part, list)| Expression::In(Box::new(part), list)),
            (pair(), inner.clone()).prop_map(|((a, b), c)| Expression::Between(a, b, Box::new(c))),
            pair().prop_map(|(a, b)| Expression::Add(a, b)),
            pair().prop_map(|(a, b)| Expression::Sub(a, b)),
            pair().prop_map(|(a, b)| Expression::Mul(a, b)),
            pair().prop_map(|(a, b)| Expression::Div(a, b)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_tree_it_came_from(tree in trees()) {
        let text = tree.formula();
        prop_assert_eq!(Expression::read(&text).map_err(|fault| fault.to_string()), Ok(tree), "{}", text);
    }

    #[test]
    fn no_text_is_too_odd_to_be_answered(text in "[a-z_0-9 ().,<>=!+*/\\-\n\u{e9}\u{20ac}]{0,80}") {
        let _ = Expression::read(&text);
    }
}
