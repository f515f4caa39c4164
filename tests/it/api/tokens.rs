//! Bearer tokens.

use axum::http::Method;
use fasti::store::{Scope, tokens};

use crate::support::{App, now};

async fn status(app: &App, authorization: &str) -> (u16, String, String) {
    let answer = app.call(Method::GET, "/v1/staff").header("authorization", authorization).send().await;
    (answer.status.as_u16(), answer.body.clone(), answer.header("www-authenticate").to_owned())
}

on_both! {
    async fn forged_glued_and_malformed_tokens_get_one_answer(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let nobody = app.call(Method::GET, "/v1/staff").expect(401).await;
        let flipped: String = a.read.chars().map(|c| match c {
            'a'..='z' => c.to_ascii_uppercase(),
            other => other.to_ascii_lowercase(),
        }).collect();
        let mut forged = vec![
            format!("{}{}", a.read, b.read), flipped, format!("{}%0a", a.read), format!("{}x", a.read),
            a.read[..a.read.len() - 1].to_owned(), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.".to_owned(),
            "fasti_".to_owned(), String::new(),
            format!("{}{}", &b.read[..17], &a.read[17..]),
        ];
        let file = crate::api::hostile::folder().map(|folder| folder.join("tok_jwt_none.txt"));
        forged.extend(file.map(|file| std::fs::read_to_string(file).unwrap()).unwrap_or_default().lines().map(|line| {
            line.replace("{{API_KEY_A}}", &a.read).replace("{{API_KEY_B}}", &b.read)
        }));
        for token in forged {
            if !token.is_ascii() {
                continue;
            }
            let (code, body, challenge) = status(&app, &format!("Bearer {token}")).await;
            assert_eq!((code, body.as_str()), (401, nobody.body.as_str()), "{token}");
            assert_eq!(challenge, "Bearer realm=\"fasti\"");
        }
        let bytes = axum::http::HeaderValue::from_bytes(b"Bearer fasti_live_\xd0\x90").unwrap();
        assert!(bytes.to_str().is_err());
        assert_eq!(status(&app, &format!("Basic {}", a.read)).await.0, 401);
        assert_eq!(status(&app, &format!("bearer {}", a.read)).await.0, 200);
    }

    async fn a_revoked_token_ends_within_a_second(app: App) {
        let a = app.business("a").await;
        let token = app.token(a.tenant, Scope::Read).await;
        app.get("/v1/staff", &token).expect(200).await;
        let tenant = a.tenant;
        app.store.write(move |conn| {
            let newest = tokens::list(conn, tenant)?.pop().unwrap();
            tokens::revoke(conn, tenant, newest.token_id, now())
        }).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        let revoked = app.get("/v1/staff", &token).expect(401).await;
        assert_eq!(revoked.body, app.call(Method::GET, "/v1/staff").expect(401).await.body);
        app.get("/v1/staff", &a.read).expect(200).await;
    }

    async fn a_scope_that_does_not_reach_is_named(app: App) {
        let a = app.business("a").await;
        let refused = app.delete("/v1/staff/x", &a.write).expect(403).await;
        assert_eq!(refused.problem(), "forbidden");
        assert!(refused.header("www-authenticate").contains("scope=\"admin\""));
    }
}
