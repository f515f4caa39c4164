//! From named cells to typed rows, the same for CSV and JSON.

use crate::booking::Faults;
use crate::store::{BookingKind, BookingStatus, ResourceKind, Role};

use super::node::Node;
use super::report::Kind;
use super::row::{
    BookingRecord, Content, Customer, Field, People, PersonRecord, ResourceRecord, ServiceChoice, ServiceRecord,
};

/// One cell.
#[derive(Debug)]
pub(super) enum Cell {
    /// Of a table: any text, which may be a number or a list.
    Text(String),
    /// Of a document: it has a type.
    Node(Node),
}

/// The cells of one row by the names of their fields.
#[derive(Debug, Default)]
pub(super) struct Fields {
    cells: Vec<(&'static str, Cell)>,
    faults: Faults,
}

impl Fields {
    pub(super) fn push(&mut self, field: &'static str, cell: Cell) {
        self.cells.push((field, cell));
    }

    /// Notes something that is wrong with the row.
    pub(super) fn fault(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.faults.add(pointer, detail);
    }

    fn cell(&mut self, field: &str) -> Option<Cell> {
        let at = self.cells.iter().position(|(name, _)| *name == field)?;
        Some(self.cells.swap_remove(at).1)
    }

    fn wrong(&mut self, field: &str, detail: &str) {
        self.faults.add(format!("/{field}"), detail);
    }

    fn text(&mut self, field: &'static str) -> Field<String> {
        match self.cell(field)? {
            Cell::Text(text) => Some(Some(text).filter(|text| !text.trim().is_empty())),
            Cell::Node(Node::Null) => Some(None),
            Cell::Node(Node::Text(text)) => Some(Some(text)),
            Cell::Node(_) => {
                self.wrong(field, "must be a text");
                None
            }
        }
    }

    fn required(&mut self, field: &'static str) -> String {
        let faults = self.faults.len();
        let text = self.text(field).flatten();
        if text.is_none() && self.faults.len() == faults {
            self.wrong(field, "is missing");
        }
        text.unwrap_or_default()
    }

    fn number(&mut self, field: &'static str) -> Field<i64> {
        let value = match self.cell(field)? {
            Cell::Text(text) if text.trim().is_empty() => return Some(None),
            Cell::Text(text) => text.trim().parse().ok(),
            Cell::Node(Node::Null) => return Some(None),
            Cell::Node(Node::Whole(number)) => Some(number),
            Cell::Node(_) => None,
        };
        if value.is_none() {
            self.wrong(field, "must be a whole number");
        }
        value.map(Some)
    }

    /// A list: in a table separated by semicolons; an empty cell says nothing.
    fn list(&mut self, field: &'static str) -> Option<Vec<Cell>> {
        match self.cell(field)? {
            Cell::Text(text) => {
                let items = text.split(';').map(str::trim).filter(|item| !item.is_empty());
                let items: Vec<Cell> = items.map(|item| Cell::Text(item.to_owned())).collect();
                Some(items).filter(|items| !items.is_empty())
            }
            Cell::Node(Node::List(nodes)) => Some(nodes.into_iter().map(Cell::Node).collect()),
            Cell::Node(Node::Null) => None,
            Cell::Node(_) => {
                self.wrong(field, "must be a list");
                None
            }
        }
    }

    fn texts(&mut self, field: &'static str) -> Option<Vec<String>> {
        let cells = self.list(field)?;
        let mut texts = Vec::with_capacity(cells.len());
        for (i, cell) in cells.into_iter().enumerate() {
            match cell {
                Cell::Text(text) | Cell::Node(Node::Text(text)) => texts.push(text),
                Cell::Node(_) => self.faults.add(format!("/{field}/{i}"), "must be a text"),
            }
        }
        Some(texts)
    }

    fn numbers(&mut self, field: &'static str) -> Option<Vec<i64>> {
        let cells = self.list(field)?;
        let mut numbers = Vec::with_capacity(cells.len());
        for (i, cell) in cells.into_iter().enumerate() {
            let number = match cell {
                Cell::Text(text) => text.parse().ok(),
                Cell::Node(Node::Whole(number)) => Some(number),
                Cell::Node(_) => None,
            };
            match number {
                Some(number) => numbers.push(number),
                None => self.faults.add(format!("/{field}/{i}"), "must be a whole number"),
            }
        }
        Some(numbers)
    }

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        field: &'static str,
        all: &[T],
        word: fn(T) -> &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(field).flatten()?;
        let value = read(text.trim().to_lowercase().replace('-', "_").as_str());
        if value.is_none() {
            let words = all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", ");
            self.wrong(field, &format!("must be one of {words}"));
        }
        value
    }

    /// The typed row.
    pub(super) fn into_content(mut self, kind: Kind, role: Option<Role>) -> Content {
        let content = match kind {
            Kind::Resource => Content::Resource(self.resource()),
            Kind::Person => Content::Person(Box::new(self.person(role))),
            Kind::Service => Content::Service(Box::new(self.service())),
            Kind::Booking => Content::Booking(Box::new(self.booking())),
            Kind::Block => Content::Refused(Vec::new()),
        };
        match self.faults.check() {
            Ok(()) => content,
            Err(crate::booking::Error::Invalid(faults)) => Content::Refused(faults),
            Err(_) => Content::Refused(Vec::new()),
        }
    }

    fn resource(&mut self) -> ResourceRecord {
        ResourceRecord {
            external_ref: self.text("external_ref").flatten(),
            name: self.required("name"),
            kind: self.word("kind", ResourceKind::ALL, ResourceKind::word, ResourceKind::from_word),
            quantity: self.number("quantity").flatten(),
            timezone: self.text("timezone"),
        }
    }

    fn person(&mut self, default: Option<Role>) -> PersonRecord {
        let given = self.faults.len();
        let role = self.word("role", Role::ALL, Role::word, Role::from_word);
        match (role, default) {
            (Some(role), Some(list)) if (role == Role::Customer) != (list == Role::Customer) => {
                self.wrong("role", &format!("is {role} in a list of people who are {list}"));
            }
            (None, None) if self.faults.len() == given => self.wrong("role", "is missing"),
            _ => {}
        }
        PersonRecord {
            role: role.or(default).unwrap_or(Role::Customer),
            external_ref: self.text("external_ref").flatten(),
            name: self.required("name"),
            email: self.text("email"),
            phone: self.text("phone"),
            username: self.text("username"),
            timezone: self.text("timezone"),
            locale: self.text("locale"),
        }
    }

    fn service(&mut self) -> ServiceRecord {
        ServiceRecord {
            external_ref: self.text("external_ref").flatten(),
            name: self.required("name"),
            kind: self.word("kind", BookingKind::ALL, BookingKind::word, BookingKind::from_word),
            duration_minutes: self.number("duration_minutes").flatten(),
            buffer_before_minutes: self.number("buffer_before_minutes").flatten(),
            buffer_after_minutes: self.number("buffer_after_minutes").flatten(),
            slot_step_minutes: self.number("slot_step_minutes"),
            min_notice_minutes: self.number("min_notice_minutes"),
            max_advance_days: self.number("max_advance_days"),
            capacity: self.number("capacity").flatten(),
            color: self.text("color"),
            reminders_minutes: self.numbers("reminders_minutes"),
            cancellation_window_minutes: self.number("cancellation_window_minutes"),
            staff: self.texts("staff"),
            resources: self.texts("resources"),
        }
    }

    fn booking(&mut self) -> BookingRecord {
        let customer = self.customer();
        BookingRecord {
            external_ref: self.text("external_ref").flatten(),
            uid: self.text("uid").flatten(),
            service: ServiceChoice::Named(self.required("service")),
            people: People::Named { staff: self.text("staff").flatten(), customer },
            resources: self.texts("resources"),
            start: self.required("start").trim().to_owned(),
            end: self.text("end").flatten().map(|end| end.trim().to_owned()),
            timezone: self.text("timezone").flatten().map(|zone| zone.trim().to_owned()),
            status: self.word("status", BookingStatus::ALL, BookingStatus::word, BookingStatus::from_word),
            notes: self.text("notes"),
            location: self.text("location"),
            stop: self.number("stop"),
            rrule: self.text("rrule"),
            ..BookingRecord::default()
        }
    }

    fn customer(&mut self) -> Field<Customer> {
        let (name, email) = (self.text("customer/name"), self.text("customer/email"));
        let (phone, known) = (self.text("customer/phone"), self.text("customer_id"));
        if name.is_none() && email.is_none() && phone.is_none() && known.is_none() {
            return None;
        }
        let (name, email, phone) = (name.flatten(), email.flatten(), phone.flatten());
        match (known.flatten(), name) {
            (Some(known), None) if email.is_none() && phone.is_none() => Some(Some(Customer::Known(known))),
            (Some(_), _) => {
                self.wrong("customer_id", "is given beside a name, address or number; give one or the other");
                None
            }
            (None, Some(name)) => Some(Some(Customer::Named { name, email, phone })),
            (None, None) if email.is_none() && phone.is_none() => Some(None),
            (None, None) => {
                self.wrong("customer/name", "is missing beside the address or number");
                None
            }
        }
    }
}
