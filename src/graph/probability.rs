//! Probabilities of ends under the random scheduler: the absorption probabilities of a Markov chain whose
//! states are the nodes (Kemeny and Snell, "Finite Markov Chains", 1960, chapter III).
//!
//! Without cycles the probability of a node is a sum over the edges into it, and every denominator is a
//! product of branching factors: numerators over powers of a few primes, added without a gcd. With cycles,
//! components are taken in topological order and the expected number of visits to each node of a component
//! is found by eliminating its nodes one after another, in exact fractions, while that stays small. Else
//! probability mass is pushed along the edges until less than [`ENOUGH`] is still on its way, and what is
//! left bounds the error.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::components::Components;
use super::count::{Ends, for_each_share};
use super::number::Probability;
use crate::explore::{Head, NodeId, Space};

/// Graphs with cycles are solved exactly up to this many nodes.
const EXACT_NODES: usize = 20_000;

/// The exact solution is given up when the denominators of the products it took have this many bits in all.
const EXACT_WORK: u64 = 4_000_000;

/// Pushing stops when less than this is on its way in a component.
const ENOUGH: f64 = 1e-15;

/// Pushing stops after this many edges in all.
const PUSHES: u64 = 300_000_000;

/// Computes the probability of each class of ends.
pub(super) fn of_classes(space: &Space<'_, '_>, components: &Components, ends: &Ends) -> Vec<Probability> {
    if !components.any_cyclic() {
        return without_cycles(space, components, ends).into_iter().map(Probability::exactly).collect();
    }
    match exactly(space, components, ends) {
        Some(exact) => exact.into_iter().map(Probability::exactly).collect(),
        None => by_pushing(space, components, ends),
    }
}

/// A number over powers of the primes of [`Primes`].
#[derive(Clone, Debug, Default)]
struct Mass {
    numerator: BigUint,
    /// One exponent a prime; empty while the mass is 0.
    exponents: Vec<u32>,
}

/// The primes that divide branching factors, and the factors in terms of them.
struct Primes {
    primes: Vec<u64>,
    factors: BTreeMap<u64, Vec<u32>>,
}

impl Primes {
    fn of(space: &Space<'_, '_>) -> Primes {
        let mut divisors = BTreeSet::new();
        for node in 0..space.len() as NodeId {
            for_each_share(space, node, |_, divisor| {
                divisors.insert(divisor);
            });
        }
        let primes: Vec<u64> = divisors
            .iter()
            .flat_map(|&divisor| prime_factors(divisor))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let exponents = |divisor: u64| {
            let factors = prime_factors(divisor);
            primes
                .iter()
                .map(|prime| factors.iter().filter(|&factor| factor == prime).count() as u32)
                .collect()
        };
        let factors = divisors.into_iter().map(|divisor| (divisor, exponents(divisor))).collect();
        Primes { primes, factors }
    }

    fn power(&self, exponents: impl Iterator<Item = u32>) -> BigUint {
        let powers = self.primes.iter().zip(exponents).filter(|&(_, exponent)| exponent > 0);
        powers
            .fold(BigUint::one(), |product, (&prime, exponent)| product * BigUint::from(prime).pow(exponent))
    }

    /// Adds `mass / divisor` to `sum`.
    fn add(&self, sum: &mut Mass, mass: &Mass, divisor: u64) {
        let by = &self.factors[&divisor];
        let exponents: Vec<u32> = mass.exponents.iter().zip(by).map(|(&a, &b)| a + b).collect();
        if sum.exponents.is_empty() {
            *sum = Mass { numerator: mass.numerator.clone(), exponents };
            return;
        }
        if sum.exponents == exponents {
            sum.numerator += &mass.numerator;
            return;
        }
        let common: Vec<u32> = sum.exponents.iter().zip(&exponents).map(|(&a, &b)| a.max(b)).collect();
        let missing = |from: &[u32]| self.power(common.iter().zip(from).map(|(&to, &from)| to - from));
        sum.numerator = &sum.numerator * missing(&sum.exponents) + &mass.numerator * missing(&exponents);
        sum.exponents = common;
    }

    fn fraction(&self, mass: Mass) -> BigRational {
        let denominator = self.power(mass.exponents.iter().copied());
        BigRational::new(mass.numerator.into(), denominator.into())
    }
}

fn prime_factors(mut number: u64) -> Vec<u64> {
    let mut factors = Vec::new();
    let mut candidate = 2;
    while candidate * candidate <= number {
        while number.is_multiple_of(candidate) {
            factors.push(candidate);
            number /= candidate;
        }
        candidate += 1;
    }
    if number > 1 {
        factors.push(number);
    }
    factors
}

fn without_cycles(space: &Space<'_, '_>, components: &Components, ends: &Ends) -> Vec<BigRational> {
    let mut primes = Primes::of(space);
    primes.factors.insert(1, vec![0; primes.primes.len()]);
    let mut classes = vec![Mass::default(); ends.classes];
    let mut masses = vec![Mass::default(); space.len()];
    masses[0] = Mass { numerator: BigUint::one(), exponents: vec![0; primes.primes.len()] };
    for &node in components.members.iter().rev() {
        let mass = std::mem::take(&mut masses[node as usize]);
        if let Some(class) = ends.class(Head::Node(node)) {
            primes.add(&mut classes[class], &mass, 1);
        }
        for_each_share(space, node, |head, divisor| match head {
            Head::Node(head) => primes.add(&mut masses[head as usize], &mass, divisor),
            Head::Sink(_) => {
                if let Some(class) = ends.class(head) {
                    primes.add(&mut classes[class], &mass, divisor);
                }
            }
        });
    }
    classes.into_iter().map(|mass| primes.fraction(mass)).collect()
}

/// One component's chain while its nodes are eliminated: probabilities between nodes, by row and by column.
struct Chain {
    /// For each node, the probabilities to others.
    out: Vec<BTreeMap<usize, BigRational>>,
    /// For each node, the nodes with an edge to it.
    into: Vec<BTreeSet<usize>>,
    /// The probability that enters at each node, from outside or through eliminated nodes.
    inflow: Vec<BigRational>,
    /// The bits of the products' denominators so far.
    work: u64,
}

impl Chain {
    /// Returns the expected number of visits to each node, and the work so far; `None` when that is too much.
    fn visits(mut self) -> Option<(Vec<BigRational>, u64)> {
        let count = self.out.len();
        let mut rest: BTreeSet<usize> = (0..count).collect();
        let mut eliminated = Vec::with_capacity(count);
        while let Some(node) =
            rest.iter().copied().min_by_key(|&node| self.out[node].len() * self.into[node].len())
        {
            rest.remove(&node);
            eliminated.push(self.eliminate(node)?);
        }
        let mut visits = vec![BigRational::zero(); count];
        for (node, stay, inflow, tails) in eliminated.into_iter().rev() {
            let entering: BigRational = tails.into_iter().map(|(tail, share)| share * &visits[tail]).sum();
            visits[node] = (inflow + entering) / (BigRational::one() - stay);
        }
        Some((visits, self.work))
    }

    /// Takes a node out of the chain: what passed through it passes directly. Returns what is needed to find
    /// its visits once those of the nodes still there are known.
    #[expect(clippy::type_complexity, reason = "the tuple is taken apart by the one caller")]
    fn eliminate(
        &mut self,
        node: usize,
    ) -> Option<(usize, BigRational, BigRational, Vec<(usize, BigRational)>)> {
        let mut out = std::mem::take(&mut self.out[node]);
        let stay = out.remove(&node).unwrap_or_else(BigRational::zero);
        let inflow = std::mem::replace(&mut self.inflow[node], BigRational::zero());
        let again = (BigRational::one() - &stay).recip();
        let tails: Vec<(usize, BigRational)> = std::mem::take(&mut self.into[node])
            .into_iter()
            .filter(|&tail| tail != node)
            .map(|tail| (tail, self.out[tail].remove(&node).expect("rows and columns agree")))
            .collect();
        for (head, share) in out {
            self.into[head].remove(&node);
            let share = share * &again;
            self.inflow[head] += &inflow * &share;
            for (tail, to_node) in &tails {
                let sum = self.out[*tail].entry(head).or_insert_with(BigRational::zero);
                *sum += to_node * &share;
                self.into[head].insert(*tail);
                self.work += sum.denom().bits();
                if self.work > EXACT_WORK {
                    return None;
                }
            }
        }
        Some((node, stay, inflow, tails))
    }
}

/// Solves the chain in fractions; `None` when it is too large for that.
fn exactly(space: &Space<'_, '_>, components: &Components, ends: &Ends) -> Option<Vec<BigRational>> {
    if space.len() > EXACT_NODES {
        return None;
    }
    let livelocks: BTreeSet<u32> = components.livelocks(space).into_iter().collect();
    let mut classes = vec![BigRational::zero(); ends.classes];
    let mut masses = vec![BigRational::zero(); space.len()];
    masses[0] = BigRational::one();
    let mut work = 0;
    for component in (0..components.len() as u32).rev() {
        if livelocks.contains(&component) {
            continue;
        }
        let nodes = components.nodes(component);
        if components.cyclic[component as usize] {
            let mut chain = chain(space, components, component, &mut masses);
            chain.work = work;
            let (visits, more) = chain.visits()?;
            work = more;
            for (&node, visits) in nodes.iter().zip(visits) {
                masses[node as usize] = visits;
            }
        }
        for &node in nodes {
            let mass = std::mem::replace(&mut masses[node as usize], BigRational::zero());
            work += mass.denom().bits();
            if work > EXACT_WORK {
                return None;
            }
            if let Some(class) = ends.class(Head::Node(node)) {
                classes[class] += &mass;
            }
            for_each_share(space, node, |head, divisor| {
                let share = || &mass / BigRational::from(BigInt::from(divisor));
                match head {
                    Head::Node(head) if components.of[head as usize] != component => {
                        masses[head as usize] += share()
                    }
                    Head::Node(_) => {}
                    Head::Sink(_) => {
                        if let Some(class) = ends.class(head) {
                            classes[class] += share();
                        }
                    }
                }
            });
        }
    }
    Some(classes)
}

fn chain(
    space: &Space<'_, '_>,
    components: &Components,
    component: u32,
    masses: &mut [BigRational],
) -> Chain {
    let nodes = components.nodes(component);
    let place = |node: NodeId| nodes.binary_search(&node).ok();
    let mut chain = Chain {
        out: vec![BTreeMap::new(); nodes.len()],
        into: vec![BTreeSet::new(); nodes.len()],
        inflow: nodes
            .iter()
            .map(|&node| std::mem::replace(&mut masses[node as usize], BigRational::zero()))
            .collect(),
        work: 0,
    };
    for (tail, &node) in nodes.iter().enumerate() {
        for_each_share(space, node, |head, divisor| {
            if let Head::Node(head) = head
                && let Some(head) = place(head)
            {
                let share = BigRational::new(BigInt::one(), BigInt::from(divisor));
                *chain.out[tail].entry(head).or_insert_with(BigRational::zero) += share;
                chain.into[head].insert(tail);
            }
        });
    }
    chain
}

/// Pushes mass along the edges in doubles. Mass is only ever moved, so what has not arrived when pushing
/// stops is all that can be missing from the sums; the rounding of doubles comes on top.
fn by_pushing(space: &Space<'_, '_>, components: &Components, ends: &Ends) -> Vec<Probability> {
    let livelocks: BTreeSet<u32> = components.livelocks(space).into_iter().collect();
    let mut classes = vec![0.0; ends.classes];
    let mut masses = vec![0.0; space.len()];
    masses[0] = 1.0;
    let (mut left, mut pushes) = (0.0, 0_u64);
    for component in (0..components.len() as u32).rev() {
        if livelocks.contains(&component) {
            continue;
        }
        let nodes = components.nodes(component);
        loop {
            for &node in nodes {
                let mass = std::mem::replace(&mut masses[node as usize], 0.0);
                if mass == 0.0 {
                    continue;
                }
                if let Some(class) = ends.class(Head::Node(node)) {
                    classes[class] += mass;
                }
                for_each_share(space, node, |head, divisor| {
                    pushes += 1;
                    match head {
                        Head::Node(head) => masses[head as usize] += mass / divisor as f64,
                        Head::Sink(_) => {
                            if let Some(class) = ends.class(head) {
                                classes[class] += mass / divisor as f64;
                            }
                        }
                    }
                });
            }
            let here: f64 = nodes.iter().map(|&node| masses[node as usize]).sum();
            if here < ENOUGH || pushes > PUSHES {
                left += here;
                break;
            }
        }
        for &node in nodes {
            masses[node as usize] = 0.0;
        }
    }
    let rounding = f64::EPSILON * (space.len() as f64).sqrt();
    classes.into_iter().map(|value: f64| Probability::about(value.min(1.0), left + rounding)).collect()
}
