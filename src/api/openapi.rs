//! The OpenAPI 3.1 document, from the handlers.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi as Document, RefOr, Required, Response, ResponseBuilder, Server, Type,
};
use utoipa::{Modify, OpenApi};

use super::caller::Access;
use super::problem::{FaultBody, ProblemBody};
use super::routes::{Route, table};
use super::{
    availability, blocks, bookings, customers, feeds, holds, orders, resources, services, staff, working_hours,
};

/// What callers of the API need to know that is in no single operation.
const ABOUT: &str = "Times out are RFC 3339 with an offset, beside `timezone` (IANA). Times in are RFC 3339, or local \
    `YYYY-MM-DDTHH:MM[:SS]` with a `timezone` (else the business's). Unknown fields are refused. Errors are \
    `application/problem+json` (RFC 9457). A single resource has an `ETag`; send it as `If-Match` with a change, or \
    as `If-None-Match` when reading. An `Idempotency-Key` makes a POST safe to repeat.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Fasti", description = ABOUT, license(name = "MIT OR Apache-2.0")),
    paths(
        super::document,
        staff::list, staff::create, staff::read, staff::update, staff::delete,
        customers::list, customers::create, customers::read, customers::update, customers::delete,
        resources::list, resources::create, resources::read, resources::update, resources::delete,
        working_hours::of_business, working_hours::set_of_business, working_hours::of_staff,
        working_hours::set_of_staff, working_hours::of_resource, working_hours::set_of_resource,
        blocks::list, blocks::create, blocks::create_each, blocks::import, blocks::read, blocks::update, blocks::delete,
        services::list, services::create, services::read, services::update, services::delete,
        availability::slots, availability::days, availability::bulk, availability::explain,
        availability::alternatives,
        feeds::list, feeds::create, feeds::rotate, feeds::delete,
        bookings::list, bookings::create, bookings::read, bookings::update, bookings::cancel, bookings::reschedule,
        bookings::complete, bookings::no_show, bookings::history, bookings::calendar,
        holds::create, holds::read, holds::delete,
        orders::list, orders::create, orders::read, orders::confirm, orders::cancel,
    ),
    components(schemas(ProblemBody, FaultBody)),
    modifiers(&Common),
)]
struct Api;

/// The document of a server that is reached at `public_url`, as JSON.
#[must_use]
pub fn openapi(public_url: &str) -> String {
    let mut document = Api::openapi();
    document.servers = Some(vec![Server::new(format!("{public_url}/api"))]);
    // Only a map with keys that are no text cannot be written as JSON.
    document.to_pretty_json().unwrap_or_else(|_| String::from("{}"))
}

/// Adds what is the same for every operation, from the route table.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An API token of a business."));
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        for route in table() {
            let Some(item) = document.paths.paths.get_mut(route.path) else { continue };
            let operation = match route.method.as_str() {
                "GET" => &mut item.get,
                "POST" => &mut item.post,
                "PUT" => &mut item.put,
                "PATCH" => &mut item.patch,
                "DELETE" => &mut item.delete,
                _ => continue,
            };
            if let Some(operation) = operation {
                complete(operation, route);
            }
        }
    }
}

fn complete(operation: &mut Operation, route: &Route) {
    let Access::Token(scope) = route.access else { return };
    let (method, one) = (route.method.as_str(), route.path.contains("{id}"));
    // A thing of its own, not its history or a file of it.
    let hours = route.path.ends_with("/working-hours");
    let versioned = route.path.ends_with("{id}") || method == "POST" || hours;
    operation.security = Some(vec![SecurityRequirement::new("token", [scope.word()])]);
    let parameters = operation.parameters.get_or_insert_default();
    if method == "POST" {
        parameters
            .push(header("Idempotency-Key", "1 to 255 visible ASCII characters; a repetition gets the same answer."));
    }
    if (one || hours) && method != "GET" {
        parameters.push(header("If-Match", "The ETag the change is meant for."));
    }
    if versioned && method == "GET" {
        parameters.push(header("If-None-Match", "The ETag the caller has; 304 when it is still that."));
    }
    describe(operation, versioned);
    let responses = &mut operation.responses.responses;
    let problem = |status: &str, what: &str| (status.to_owned(), RefOr::T(refusal(what)));
    responses.extend([
        problem("400", "Malformed."),
        problem("401", "No valid token."),
        problem("403", "The token's scope does not reach."),
        problem("503", "Busy; see Retry-After."),
    ]);
    if one {
        responses.extend([problem("404", "There is no such thing in this business.")]);
    }
    if versioned && method == "GET" {
        let unchanged = ResponseBuilder::new().description("The caller has this version.").build();
        responses.insert("304".to_owned(), RefOr::T(unchanged));
    }
    if (one || hours) && method != "GET" {
        responses.extend([problem("412", "It was changed meanwhile.")]);
    }
    if method != "GET" {
        responses.extend([problem("409", "Its state or another thing is in the way.")]);
    }
    if matches!(method, "POST" | "PUT" | "PATCH") {
        responses.extend([
            problem("413", "The body is too large."),
            problem("415", "The body is not JSON."),
            problem("422", "The input cannot be accepted; `errors` names every fault."),
        ]);
    }
}

/// Says what the good answers are, and which of them carry a version.
fn describe(operation: &mut Operation, versioned: bool) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        response.description = match status.as_str() {
            "200" => "As it is now.",
            "201" => "Made.",
            "204" => "Gone.",
            _ => continue,
        }
        .to_owned();
        if versioned && status != "204" {
            let etag = HeaderBuilder::new().description(Some("The version; send it as `If-Match`.")).build();
            response.headers.insert("ETag".to_owned(), etag.into());
        }
    }
}

fn header(name: &str, description: &str) -> RefOr<Parameter> {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
        .into()
}

fn refusal(description: &str) -> Response {
    let schema = utoipa::openapi::Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
