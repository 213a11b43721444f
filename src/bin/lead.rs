use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Request, Unwatched, explore};

fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let p = assemble("lost_update.rvm", &text, &Options::default(), &NoFiles).map_err(|_| "bad").unwrap();
    let e = explore(&p, &Request::new(p.models), &mut Unwatched).unwrap();
    println!("{} states {} transitions", e.search.states, e.search.transitions);
    println!(
        "{:?} {:?}",
        e.schedules,
        e.outcomes
            .iter()
            .map(|o| (
                &o.values,
                &o.output,
                &o.reached.schedules,
                o.reached.probability.as_ref().map(|p| p.exact.as_ref().map(|e| e.to_string())),
                o.reached.witness.actions.len()
            ))
            .collect::<Vec<_>>()
    );
    println!(
        "{:?}",
        e.expectations.iter().map(|j| (&j.expectation.text, j.verdict, &j.reason)).collect::<Vec<_>>()
    );
    println!(
        "dead {} faults {} live {} races {}",
        e.deadlocks.len(),
        e.faults.len(),
        e.livelocks.len(),
        e.races.len()
    );
}
