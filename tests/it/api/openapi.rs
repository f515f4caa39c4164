//! The document says what the routes do.

use std::collections::BTreeSet;

use fasti::api::{openapi, table};
use serde_json::Value;

/// (method, path, operation id) of everything in the document.
fn documented(document: &Value) -> BTreeSet<(String, String, String)> {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in methods {
            if let Some(operation) = item.get(method) {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                found.insert((method.to_uppercase(), path.clone(), id));
            }
        }
    }
    found
}

#[test]
fn every_route_is_in_the_document_and_the_other_way_round() {
    let document: Value = serde_json::from_str(&openapi("https://fasti.example")).unwrap();
    let routes: BTreeSet<_> =
        table().iter().map(|r| (r.method.to_string(), r.path.to_owned(), r.operation.to_owned())).collect();
    assert_eq!(documented(&document), routes);
    assert_eq!(routes.len(), table().len(), "an operation id or a path and method is there twice");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["servers"][0]["url"], "https://fasti.example/api");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    found.insert(target.clone());
                }
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&openapi("https://fasti.example")).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for target in found {
        assert!(document.pointer(&target[1..]).is_some(), "{target}");
    }
}

on_both! {
    async fn it_is_served_to_anybody(app: App) {
        let answer = app.call(axum::http::Method::GET, "/openapi.json").expect(200).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json()["info"]["title"], "Fasti");
    }
}
