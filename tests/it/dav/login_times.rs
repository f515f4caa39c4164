//! Whether the time that a failed login takes tells if there is somebody of that name (ASVS 6.3.8).
//!
//! Measured in this process, where an attacker's network would only add noise. Two things must hold of the times of any
//! two names: their medians differ by less than 5 %, and of two of them, one of each name, either is longer by more than
//! 5 % about as often as the other (Mann-Whitney's U with a margin: all pairs are compared).
//!
//! Mutants in `auth::login`: without `verify_password` for nobody, who has a password takes 89 times as long; without the
//! wait for the next beat, a name that people of two businesses have takes twice as long.

use std::net::Ipv4Addr;
use std::time::Instant;

use data_encoding::BASE64;
use fasti::auth::{AppSecret, LoginError, Logins, Password, hash_password};
use fasti::booking::people::{Group, PersonPatch, update};
use fasti::net::ClientAddr;
use fasti::store::{Role, TenantId};
use rand::seq::SliceRandom;

use crate::support::{App, Backend, now};

/// How far two names may be apart.
const MOST: f64 = 0.05;
/// How much more often one of them may be the longer one: five times what chance does with 2,000 samples.
const LEAN: f64 = 0.1;

fn samples() -> u32 {
    std::env::var("FASTI_TEST_LOGINS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// A name and a wrong password, by what there is of that name.
struct Guess {
    of: &'static str,
    username: &'static str,
    password: Box<dyn Fn(u32) -> String>,
}

/// Tries all of them in turns, in a new order each time; how long each took, in microseconds, in order of length.
async fn times(app: &App, guesses: &[Guess]) -> Vec<Vec<f64>> {
    let logins = Logins::new(app.store.clone(), app.links.key.clone(), now);
    let mut times = vec![Vec::new(); guesses.len()];
    let mut order: Vec<usize> = (0..guesses.len()).collect();
    for n in 0..samples() {
        order.shuffle(&mut rand::rng());
        for which in &order {
            let guess = &guesses[*which];
            let password = (guess.password)(n);
            // From everywhere, so that it is not slowed down.
            let from = ClientAddr(Ipv4Addr::from_bits(rand::random()).into());
            let credentials = format!("Basic {}", BASE64.encode(format!("{}:{password}", guess.username).as_bytes()));
            let started = Instant::now();
            let answer = logins.check(&credentials, from).await;
            times[*which].push(started.elapsed().as_secs_f64() * 1e6);
            assert!(matches!(answer, Err(LoginError::Wrong)), "{answer:?}");
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable_by(f64::total_cmp));
    times
}

/// The share of pairs in which the first is longer than the second by more than [`MOST`].
fn longer(one: &[f64], other: &[f64]) -> f64 {
    let pairs: usize = one.iter().map(|time| other.partition_point(|t| t * (1.0 + MOST) < *time)).sum();
    pairs as f64 / (one.len() * other.len()) as f64
}

/// The first guess is of a name that nobody has; none of the others is told from it.
async fn are_alike(app: &App, guesses: &[Guess]) {
    let times = times(app, guesses).await;
    let median = |times: &[f64]| times[times.len() / 2];
    let mut apart = Vec::new();
    for (guess, of_known) in guesses.iter().zip(&times) {
        let ratio = median(of_known) / median(&times[0]);
        let (longer, shorter) = (longer(of_known, &times[0]), longer(&times[0], of_known));
        eprintln!(
            "{:>24}: {:>9.1} µs, {ratio:.4} of nobody's; longer in {longer:.4}, shorter in {shorter:.4} of the pairs",
            guess.of,
            median(of_known)
        );
        if (ratio - 1.0).abs() >= MOST || (longer - shorter).abs() >= LEAN {
            apart.push(guess.of);
        }
    }
    assert!(apart.is_empty(), "can be told from nobody: {apart:?}");
}

async fn account_passwords(backend: Backend) {
    let app = App::new(backend);
    let (a, b) = (app.business("a").await, app.business("b").await);
    let hash = hash_password(&Password::new("correct horse battery".to_owned()).unwrap()).unwrap();
    for (tenant, username, has_password) in
        [(a.tenant, "anna", true), (a.tenant, "ben", false), (a.tenant, "carl", true), (b.tenant, "carl", true)]
    {
        let (id, _) = app.person(tenant, username, Role::Staff).await;
        let hash = has_password.then(|| hash.clone());
        app.as_business(tenant, move |conn, ctx| {
            let patch = PersonPatch { password_hash: Some(hash.clone()), ..PersonPatch::default() };
            update(conn, ctx, Group::Staff, id, &patch)
        })
        .await;
    }
    let guess = |of, username| Guess { of, username, password: Box::new(|n| format!("wrong {n}")) };
    let guesses = [
        guess("nobody", "nobody"),
        guess("with a password", "anna"),
        guess("with app passwords only", "ben"),
        guess("in two businesses", "carl"),
    ];
    are_alike(&app, &guesses).await;
}

async fn app_passwords(backend: Backend) {
    let app = App::new(backend);
    let a = app.business("a").await;
    app.person(a.tenant, "anna", Role::Staff).await;
    let guess = |of, username, tenant| {
        let key = app.links.key.clone();
        Guess { of, username, password: Box::new(move |_| AppSecret::generate(&key, tenant).0.reveal().to_owned()) }
    };
    let guesses = [
        guess("nobody", "nobody", a.tenant),
        guess("with an app password", "anna", a.tenant),
        guess("in another business", "anna", TenantId::of_slug("nowhere")),
    ];
    are_alike(&app, &guesses).await;
}

/// Makes two tests for each database, for the long runs only.
macro_rules! long {
    ($($database:ident: $backend:ident;)*) => {
        $(mod $database {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "an hour of a machine for itself: make soak"]
            async fn account_passwords() {
                super::account_passwords(Backend::$backend).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "a machine for itself: make soak"]
            async fn app_passwords() {
                super::app_passwords(Backend::$backend).await;
            }
        })*
    };
}

long! {
    sqlite: Sqlite;
    postgres: Postgres;
}
