//! Questions that cannot be answered from memory, against the bare loop that reads the same rows.

use std::collections::HashSet;
use std::sync::Arc;

use super::calendar::{self, Calendar};
use crate::load::{Answer, Load, Requests, ask};
use crate::parts::{Asked, Bare, Part};
use crate::process::{Round, Server};
use crate::report::Table;
use crate::rows::{alternate, keep};
use crate::{Bench, Failure};

const EVENTS: usize = 10_000;
const LEAST: f64 = 0.6;
const QUESTIONS: [(Asked, &str); 5] = [
    (Asked::Object, "GET of an object"),
    (Asked::Addresses, "multiget of 50"),
    (Asked::Tags, "PROPFIND depth 1, first time"),
    (Asked::Month, "calendar-query of a month"),
    (Asked::Changes, "sync-collection, one change"),
];

/// Each question, by one client and by sixteen.
pub fn against_bare(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = bench.sqlite("dav.db");
    let calendar = calendar::seed(&url, EVENTS)?;
    let fasti = Server::start(&Part::Forgetful { url: url.clone() })?;
    for (asked, what) in QUESTIONS {
        let questions = Questions::new(bench, &fasti, &calendar, asked)?;
        let bare = Server::start(&Part::BareDav { bare: Box::new(questions.bare(bench, &url)?) })?;
        questions.check(bench, [&fasti, &bare])?;
        for clients in [1, 16] {
            let sides = bench.runtime.block_on(async {
                let load = async |server: &Server| {
                    Load::new(server.address, clients, questions.status, Arc::clone(&questions.requests)).await
                };
                Ok::<_, Failure>([(&fasti, load(&fasti).await?), (&bare, load(&bare).await?)])
            })?;
            let [ours, other] = alternate(bench, sides)?;
            table.rate(&format!("{what} of {EVENTS}, {}", people(clients)), ours, ("bare loop", other), LEAST);
        }
    }
    Ok(())
}

fn people(clients: usize) -> String {
    if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") }
}

/// A month and one change cost the same however many events there are.
pub fn sizes(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = |events: usize| bench.sqlite(&format!("dav-{events}.db"));
    let [few, many] = [1_000, 100_000].map(|events| (url(events), events));
    let start = |(url, events): &(String, usize)| -> Result<_, Failure> {
        let calendar = calendar::seed(url, *events)?;
        Ok((Server::start(&Part::Forgetful { url: url.clone() })?, calendar))
    };
    let (few, many) = (start(&few)?, start(&many)?);
    for (asked, what) in [QUESTIONS[3], QUESTIONS[4]] {
        let questions = [&few, &many].map(|(server, calendar)| Questions::new(bench, server, calendar, asked));
        let [of_few, of_many] = questions;
        let (of_few, of_many) = (of_few?, of_many?);
        let sides = bench.runtime.block_on(async {
            let load = async |server: &Server, questions: &Questions| {
                Load::new(server.address, 1, questions.status, Arc::clone(&questions.requests)).await
            };
            Ok::<_, Failure>([(&many.0, load(&many.0, &of_many).await?), (&few.0, load(&few.0, &of_few).await?)])
        })?;
        let [ours, other]: [Round; 2] = alternate(bench, sides)?;
        table.times(&format!("{what}, 100,000 events against 1,000, 1 client"), ours, ("with 1,000", other), 1.5);
    }
    // There are as many in each year: only what comes after it differs.
    let sides = bench.runtime.block_on(async {
        let load = async |year: i16| {
            let (server, calendar) = (&many.0, many.1.clone());
            let requests: Requests = Arc::new(move |client, n, to: &mut Vec<u8>| {
                calendar.month_of(to, year, n as i64, n as i64 * 17 + client as i64);
            });
            Ok::<_, Failure>((server, Load::new(server.address, 1, 207, requests).await?))
        };
        Ok::<_, Failure>([load(1850).await?, load(2025).await?])
    })?;
    let [ours, other]: [Round; 2] = alternate(bench, sides)?;
    table.times("calendar-query of a month of 1850, of 100,000 events, 1 client", ours, ("of 2025", other), 1.5);
    Ok(())
}

/// What clients send for one kind of question.
struct Questions {
    calendar: Calendar,
    asked: Asked,
    status: u16,
    requests: Requests,
}

impl Questions {
    fn new(bench: &Bench, server: &Server, calendar: &Calendar, asked: Asked) -> Result<Self, Failure> {
        let c = calendar.clone();
        let requests: Requests = match asked {
            Asked::Object => Arc::new(move |client, n, to: &mut Vec<u8>| c.get(to, client, n)),
            Asked::Tags => Arc::new(move |_, _, to: &mut Vec<u8>| c.propfind(to)),
            Asked::Addresses => Arc::new(move |client, n, to: &mut Vec<u8>| c.multiget(to, client, n)),
            Asked::Month => Arc::new(move |client, n, to: &mut Vec<u8>| {
                c.month(to, n as i64, n as i64 * 17 + client as i64);
            }),
            Asked::Changes => {
                let token = one_change_ago(bench, server, calendar)?;
                Arc::new(move |_, _, to: &mut Vec<u8>| c.sync(to, &token))
            }
        };
        let status = if asked == Asked::Object { 200 } else { 207 };
        Ok(Self { calendar: calendar.clone(), asked, status, requests })
    }

    fn request(&self, n: u64) -> Vec<u8> {
        let mut request = Vec::new();
        (self.requests)(0, n, &mut request);
        request
    }

    /// The bare loop for these questions. What it cannot know it is told: which series are in a month.
    fn bare(&self, bench: &Bench, url: &str) -> Result<Bare, Failure> {
        let server = Server::start(&Part::Forgetful { url: url.to_owned() })?;
        let mut answers = Vec::new();
        for n in 0..12 {
            answers.push(bench.runtime.block_on(ask(server.address, &self.request(n)))?);
        }
        let months = match self.asked {
            Asked::Month => answers.iter().map(|answer| names(&self.calendar.href, answer)).collect(),
            _ => Vec::new(),
        };
        Ok(Bare {
            file: url.trim_start_matches("sqlite://").to_owned(),
            asked: self.asked,
            tenant: self.calendar.tenant,
            collection: self.calendar.collection,
            href: self.calendar.href.clone(),
            answer: keep(bench, "dav-answer", &answers[0])?,
            months,
        })
    }

    /// Both write the same bytes.
    fn check(&self, bench: &Bench, servers: [&Server; 2]) -> Result<(), Failure> {
        for n in 0..12 {
            let [ours, other] = servers.map(|server| bench.runtime.block_on(ask(server.address, &self.request(n))));
            let (ours, other) = (ours?, other?);
            if ours.status != self.status || ours.body.is_empty() || ours.body != other.body {
                return Err(format!("{:?}: the bare loop does not write the same bytes", self.asked).into());
            }
        }
        Ok(())
    }
}

/// The names of the objects in an answer.
fn names(href: &str, answer: &Answer) -> HashSet<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let start = format!("<D:href>{href}");
    let hrefs = text.split(&*start).skip(1).filter_map(|rest| rest.split('<').next());
    hrefs.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Changes an object and returns the token from before.
fn one_change_ago(bench: &Bench, server: &Server, calendar: &Calendar) -> Result<String, Failure> {
    bench.runtime.block_on(async {
        let mut request = Vec::new();
        calendar.sync(&mut request, "");
        let whole = ask(server.address, &request).await?;
        let token = super::kept::token(&whole)?;
        request.clear();
        calendar.put_update(&mut request, 0, 0);
        let put = ask(server.address, &request).await?;
        if put.status != 204 {
            return Err(Failure::from(format!("a change was answered {}", put.status)));
        }
        Ok(token)
    })
}
