//! What is not understood is refused, with a problem of one shape.

use axum::http::Method;
use serde_json::{Value, json};

on_both! {
    async fn bodies_are_read_strictly(app: App) {
        let a = app.business("a").await;
        for (body, pointer) in [
            (r#"{"email":"a@b.example"}"#, "/name"),
            (r#"{"name":"A","email":"a@b.example","admin":true}"#, "/admin"),
            (r#"{"name":"A","email":"a@b.example","id":"01890a5d-ac96-774b-bcce-b302099a8057"}"#, "/id"),
            (r#"{"name":"A","email":"a@b.example","created_at":"1970-01-01T00:00:00Z"}"#, "/created_at"),
            (r#"{"name":"A","name":"B","email":"a@b.example"}"#, "/name"),
            (r#"{"name":7,"email":"a@b.example"}"#, "/name"),
            (r#"{"name":"a\u0000b","email":"a@b.example"}"#, "/name"),
            (r#"{"name":"A","email":"a@b.example","timezone":"../../etc/passwd"}"#, "/timezone"),
            (r#"{"name":"A","email":"a@b.example","locale":"no such"}"#, "/locale"),
            (r#"["A","a@b.example"]"#, ""),
            ("null", ""),
        ] {
            let answer = app.call(Method::POST, "/v1/customers").token(&a.write).text(body).expect(422).await;
            assert_eq!(answer.pointers(), [pointer], "{body}");
        }
        for body in ["{", "", "{'name':1}", "{} {}", r#"{"name":"\ud800"}"#, r#"{"name":1e999}"#, "\u{feff}{}"] {
            let status = if body.is_empty() { 422 } else { 400 };
            app.call(Method::POST, "/v1/customers").token(&a.write).text(body).expect(status).await;
        }
        let broken: &'static [u8] = b"{\"name\":\"\xff\"}";
        app.call(Method::POST, "/v1/customers").token(&a.write).text(broken).expect(400).await;
    }

    async fn every_fault_is_named_at_once(app: App) {
        let a = app.business("a").await;
        let body = json!({
            "name": "x".repeat(201), "duration_minutes": 0, "buffer_before_minutes": 1441, "slot_step_minutes": 0,
            "min_notice_minutes": -1, "max_advance_days": 3661, "capacity": 1001, "color": "rot",
            "reminders_minutes": [60, -1], "staff": ["01890a5d-ac96-774b-bcce-b302099a8057"],
        });
        let answer = app.post("/v1/services", &a.admin, &body).expect(422).await;
        let mut pointers = answer.pointers();
        pointers.sort();
        assert_eq!(pointers, [
            "/buffer_before_minutes", "/capacity", "/color", "/duration_minutes", "/max_advance_days",
            "/min_notice_minutes", "/name", "/reminders_minutes/1", "/slot_step_minutes", "/staff/0",
        ]);
    }

    async fn absent_is_not_null(app: App) {
        let a = app.business("a").await;
        let body = json!({"name": "Ann", "email": "ann@x.example", "phone": "+49 30 1", "external_ref": "7"});
        let made = app.post("/v1/customers", &a.write, &body).expect(201).await;
        let path = format!("/v1/customers/{}", made.id());
        let kept = app.patch(&path, &a.write, &json!({"name": "Anna"})).expect(200).await.json();
        assert_eq!((&kept["phone"], &kept["external_ref"]), (&json!("+49 30 1"), &json!("7")));
        let gone = app.patch(&path, &a.write, &json!({"phone": null})).expect(200).await.json();
        assert_eq!((&gone["phone"], &gone["external_ref"]), (&Value::Null, &json!("7")));
        assert_eq!(app.patch(&path, &a.write, &json!({"name": null})).expect(422).await.pointers(), ["/name"]);
        app.patch(&path, &a.write, &json!({"version": 9})).expect(422).await;
    }

    async fn refusals_have_one_shape(app: App) {
        let a = app.business("a").await;
        let of = async |method: Method, path: &str| app.call(method, path).token(&a.admin).send().await;
        let missing = of(Method::GET, "/v1/nothing").await;
        assert_eq!((missing.status.as_u16(), missing.problem().as_str()), (404, "not-found"));
        let wrong = of(Method::PUT, "/v1/staff").await;
        assert_eq!((wrong.status.as_u16(), wrong.problem().as_str()), (405, "method-not-allowed"));
        let allow: std::collections::BTreeSet<&str> = wrong.header("allow").split(',').map(str::trim).collect();
        assert_eq!(allow, ["GET", "HEAD", "POST"].into());
        assert_eq!(of(Method::GET, "/v1/staff/7").await.body, of(Method::GET, "/v1/staff/%00").await.body);
        let absent = of(Method::GET, "/v1/staff/01890a5d-ac96-774b-bcce-b302099a8057").await;
        assert_eq!((absent.status.as_u16(), absent.problem().as_str()), (404, "not-found"));
        let call = || app.call(Method::POST, "/v1/customers").token(&a.admin);
        let untyped = call().raw(r#"{"name":"A","email":"a@b.example"}"#).expect(415).await;
        assert_eq!(untyped.problem(), "unsupported-media-type");
        call().header("content-type", "text/plain").raw("{}").expect(415).await;
        call().header("content-type", "application/x-www-form-urlencoded").raw("name=A").expect(415).await;
        let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(10_000_000));
        assert_eq!(call().text(huge).expect(413).await.problem(), "content-too-large");
        let streamed = chunked(vec![b'x'; 100_000], 100);
        call().text(streamed).expect(413).await;
    }
}

/// A body whose length is not known before it was read.
fn chunked(chunk: Vec<u8>, times: usize) -> axum::body::Body {
    struct Chunks(Vec<u8>, usize);
    impl hyper::body::Body for Chunks {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Self::Error>>> {
            if self.1 == 0 {
                return std::task::Poll::Ready(None);
            }
            self.1 -= 1;
            std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(self.0.clone().into()))))
        }
    }
    axum::body::Body::new(Chunks(chunk, times))
}
