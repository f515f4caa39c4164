//! Who and what the business has, as rows name them. Read once for each unit of work.

use crate::booking::{Context, Error};
use crate::store::people::{self, Person};
use crate::store::resources::{self, Resource};
use crate::store::services::{self, Service};
use crate::store::{Conn, Id, Role};

const PAGE: i64 = 1000;

/// What rows can name.
#[derive(Debug, Default)]
pub(super) struct Directory {
    staff: Option<Vec<Person>>,
    resources: Option<Vec<Resource>>,
    services: Option<Vec<Service>>,
    /// Whether the present row changed any of them.
    changed: bool,
}

/// Something with names.
trait Named {
    fn id(&self) -> Id;
    fn reference(&self) -> Option<&str>;
    fn name(&self) -> &str;
    /// What else it goes by.
    fn address(&self) -> Option<&str> {
        None
    }
}

impl Named for Person {
    fn id(&self) -> Id {
        self.person_id
    }
    fn reference(&self) -> Option<&str> {
        self.external_ref.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn address(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

impl Named for Resource {
    fn id(&self) -> Id {
        self.resource_id
    }
    fn reference(&self) -> Option<&str> {
        self.external_ref.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Service {
    fn id(&self) -> Id {
        self.service_id
    }
    fn reference(&self) -> Option<&str> {
        self.external_ref.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// What a text names: by reference, then id, then address, then name as written, then name in any case.
fn find<'a, T: Named>(all: &'a [T], text: &str, noun: &str) -> Result<&'a T, String> {
    let text = text.trim();
    let ways: [&dyn Fn(&T) -> bool; 5] = [
        &|one| one.reference() == Some(text),
        &|one| text.len() == 36 && one.id().to_string() == text,
        &|one| one.address().is_some_and(|address| address.eq_ignore_ascii_case(text)),
        &|one| one.name() == text,
        &|one| one.name().to_lowercase() == text.to_lowercase(),
    ];
    for is_meant in ways {
        let mut found = all.iter().filter(|one| is_meant(one));
        match (found.next(), found.next()) {
            (Some(one), None) => return Ok(one),
            (Some(_), Some(_)) => {
                return Err(format!("\"{text}\" names more than one {noun}; use its external_ref or id"));
            }
            (None, _) => {}
        }
    }
    Err(format!("\"{text}\" names no {noun} of this business"))
}

impl Directory {
    /// Reads anew next time: the present row changed something.
    pub(super) fn forget(&mut self) {
        *self = Self { changed: true, ..Self::default() };
    }

    /// Begins a row.
    pub(super) const fn begin(&mut self) {
        self.changed = false;
    }

    /// Takes back what the present row may have let it see.
    pub(super) fn roll_back(&mut self) {
        if self.changed {
            self.forget();
        }
    }

    pub(super) fn staff(&mut self, conn: &mut Conn, ctx: &Context) -> Result<&[Person], Error> {
        if self.staff.is_none() {
            self.staff = Some(all(|after| {
                let page = people::list(conn, ctx.tenant, &[Role::Manager, Role::Staff], after, PAGE)?;
                Ok((page.last().map(|p| p.person_id), page))
            })?);
        }
        Ok(self.staff.as_deref().unwrap_or_default())
    }

    pub(super) fn resources(&mut self, conn: &mut Conn, ctx: &Context) -> Result<&[Resource], Error> {
        if self.resources.is_none() {
            self.resources = Some(all(|after| {
                let page = resources::list(conn, ctx.tenant, after, PAGE)?;
                Ok((page.last().map(|r| r.resource_id), page))
            })?);
        }
        Ok(self.resources.as_deref().unwrap_or_default())
    }

    pub(super) fn services(&mut self, conn: &mut Conn, ctx: &Context) -> Result<&[Service], Error> {
        if self.services.is_none() {
            self.services = Some(all(|after| {
                let page = services::list(conn, ctx.tenant, after, PAGE)?;
                Ok((page.last().map(|s| s.service_id), page))
            })?);
        }
        Ok(self.services.as_deref().unwrap_or_default())
    }

    /// The staff member a text names.
    pub(super) fn staff_named(&mut self, conn: &mut Conn, ctx: &Context, text: &str) -> Result<Id, Error> {
        let found = find(self.staff(conn, ctx)?, text, "staff member").map(Named::id);
        found.map_err(|detail| Error::invalid("/staff", detail))
    }

    /// The service a text names.
    pub(super) fn service_named(&mut self, conn: &mut Conn, ctx: &Context, text: &str) -> Result<Id, Error> {
        let found = find(self.services(conn, ctx)?, text, "service").map(Named::id);
        found.map_err(|detail| Error::invalid("/service", detail))
    }

    /// The staff members that texts name.
    pub(super) fn all_staff(&mut self, conn: &mut Conn, ctx: &Context, texts: &[String]) -> Result<Vec<Id>, Error> {
        named(self.staff(conn, ctx)?, texts, "staff member", "/staff")
    }

    /// The resources that texts name.
    pub(super) fn all_resources(&mut self, conn: &mut Conn, ctx: &Context, texts: &[String]) -> Result<Vec<Id>, Error> {
        named(self.resources(conn, ctx)?, texts, "resource", "/resources")
    }
}

fn named<T: Named>(all: &[T], texts: &[String], noun: &str, pointer: &str) -> Result<Vec<Id>, Error> {
    let one = |(i, text): (usize, &String)| {
        find(all, text, noun).map(Named::id).map_err(|detail| Error::invalid(format!("{pointer}/{i}"), detail))
    };
    texts.iter().enumerate().map(one).collect()
}

/// All pages of a list.
fn all<T>(mut page: impl FnMut(Option<Id>) -> Result<(Option<Id>, Vec<T>), Error>) -> Result<Vec<T>, Error> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let (last, mut more) = page(after)?;
        rows.append(&mut more);
        match last {
            Some(_) => after = last,
            None => return Ok(rows),
        }
    }
}
