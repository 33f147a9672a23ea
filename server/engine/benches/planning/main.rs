//! Check, build, relaxation and search of the reference instance: `cargo bench -p engine --bench planning -- 12 52`.

#![allow(clippy::expect_used, missing_debug_implementations, reason = "a measuring program")]

mod reference;

use engine::planning::{
    builder::build,
    checker,
    document::Document,
    input::Input,
    run::solve,
    solve::{Session, Unwatched},
};
use reference::reference;
use std::time::Instant;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for periods in if asked.is_empty() { vec![12] } else { asked } {
        let text = reference(periods, 42).to_string();
        let begun = Instant::now();
        let (document, faults) = Document::parse(&text).expect("JSON");
        let (input, more) = Input::of(&document);
        let doubts = faults.len() + more.len() + input.warnings().len();
        println!("T = {periods}: check {:.2} s ({doubts} findings)", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let built = build(&input);
        let size = built.model.size();
        println!("  build {:.2} s: {size:?}", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let mut session = Session::load(&built.model, false).expect("loaded");
        session.run(300.0, &Unwatched).expect("run");
        let objective = session.figures().incumbent;
        println!("  relaxation {:.2} s: {objective:?}", begun.elapsed().as_secs_f64());
        let solved = solve(&input, &Unwatched).expect("solved");
        println!(
            "  search {:.2} s: {:?}, objective {:?}, gap {:?}, start plan {:?}",
            solved.effort.solve_seconds, solved.outcome, solved.objective, solved.gap, solved.effort.start_objective
        );
        if let (Some(plan), Some(objective)) = (&solved.plan, solved.objective) {
            let begun = Instant::now();
            let report = checker::check(&document, plan, objective);
            println!("  checker {:.2} s: passed {}", begun.elapsed().as_secs_f64(), report.passed);
        }
    }
}
