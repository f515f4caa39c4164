//! Rows of blocks and of whose they are.

use fasti::store::blocks::{self, Block, ENDLESS, Filter};
use fasti::store::{BlockKind, Error, Id, Local, TenantId};
use fasti::time::{Instant, Interval, parse_civil};

use crate::support::{App, now};

fn block(tenant: TenantId, start: i64, end: i64, last_end: Instant) -> Block {
    let local = Local(parse_civil("2026-09-01T10:00").unwrap());
    Block {
        tenant_id: tenant,
        block_id: Id::new(),
        kind: BlockKind::Block,
        summary: None,
        start_local: local,
        end_local: local,
        timezone: "UTC".to_owned(),
        all_day: false,
        start_at: Instant::from_unix(start),
        end_at: Instant::from_unix(end),
        last_end,
        rrule: None,
        exdates: None,
        rdates: None,
        external_ref: None,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn once(tenant: TenantId, start: i64, end: i64) -> Block {
    block(tenant, start, end, Instant::from_unix(end))
}

impl App {
    async fn insert(&self, block: &Block, owners: &[Id]) {
        let (block, owners) = (block.clone(), owners.to_vec());
        self.store.write(move |conn| blocks::insert(conn, &block, &owners)).await.unwrap();
    }

    async fn within(&self, tenant: TenantId, owners: &[Id], start: i64, end: i64) -> Vec<(Id, Id)> {
        let (owners, window) =
            (owners.to_vec(), Interval::new(Instant::from_unix(start), Instant::from_unix(end)).unwrap());
        let rows = self.store.read(move |conn| blocks::within(conn, tenant, &owners, window)).await.unwrap();
        let mut found: Vec<_> = rows.into_iter().map(|(owner, block)| (owner, block.block_id)).collect();
        found.sort_unstable();
        found
    }
}

on_both! {
    async fn a_window_has_what_begins_before_its_end_and_is_not_over(app: App) {
        let (ours, theirs) = (TenantId::of_slug("a"), TenantId::of_slug("b"));
        let (ann, bob) = (Id::new(), Id::new());
        let (early, late, endless) = (once(ours, 100, 200), once(ours, 300, 400), block(ours, 150, 160, ENDLESS));
        app.insert(&early, &[ann]).await;
        app.insert(&late, &[ann, bob]).await;
        app.insert(&endless, &[Id::TEAM]).await;
        app.insert(&once(theirs, 100, 400), &[ann, Id::TEAM]).await;
        let all = [ann, bob, Id::TEAM];
        assert_eq!(app.within(ours, &[ann], 200, 300).await, [], "what only touches");
        assert_eq!(app.within(ours, &[ann], 199, 301).await, [(ann, early.block_id), (ann, late.block_id)]);
        assert_eq!(app.within(ours, &[bob], 0, 1000).await, [(bob, late.block_id)]);
        assert_eq!(app.within(ours, &all, 5_000_000_000, 5_000_000_001).await, [(Id::TEAM, endless.block_id)]);
        assert_eq!(app.within(ours, &all, 0, 100).await, []);
    }

    async fn only_the_version_that_is_named_is_replaced_or_deleted(app: App) {
        let tenant = TenantId::of_slug("a");
        let (ann, bob) = (Id::new(), Id::new());
        let old = once(tenant, 100, 200);
        app.insert(&old, &[ann]).await;
        let new = Block { version: 2, last_end: Instant::from_unix(900), ..old.clone() };
        let replace = |expected: i64| {
            let new = new.clone();
            app.store.write(move |conn| blocks::replace(conn, &new, &[bob], expected))
        };
        assert!(!replace(7).await.unwrap());
        assert_eq!(app.within(tenant, &[ann, bob], 0, 1000).await, [(ann, old.block_id)], "nor are its owners");
        assert!(replace(1).await.unwrap());
        assert_eq!(app.within(tenant, &[ann, bob], 500, 600).await, [(bob, old.block_id)]);
        let delete = |expected: i64| {
            let id = old.block_id;
            app.store.write(move |conn| blocks::delete(conn, tenant, id, expected))
        };
        assert!(!delete(1).await.unwrap());
        assert_eq!(app.within(tenant, &[bob], 0, 1000).await.len(), 1);
        assert!(delete(2).await.unwrap());
        assert_eq!(app.within(tenant, &[bob], 0, 1000).await, []);
        assert!(!delete(2).await.unwrap());
    }

    async fn a_reference_is_there_once_in_a_business(app: App) {
        let (ours, theirs) = (TenantId::of_slug("a"), TenantId::of_slug("b"));
        let named = |tenant| Block { external_ref: Some("7".to_owned()), ..once(tenant, 100, 200) };
        app.insert(&named(ours), &[Id::TEAM]).await;
        app.insert(&named(theirs), &[Id::TEAM]).await;
        let twin = named(ours);
        let refused = app.store.write(move |conn| blocks::insert(conn, &twin, &[Id::TEAM])).await;
        assert!(matches!(refused, Err(Error::Db(_))), "{refused:?}");
        let filter = Filter { external_ref: Some("7".to_owned()), ..Filter::default() };
        let listed = app.store.read(move |conn| blocks::list(conn, ours, &filter, None, 10)).await.unwrap();
        assert_eq!(listed.len(), 1);
    }

    async fn a_deleted_owner_is_in_no_block(app: App) {
        let (ours, theirs) = (TenantId::of_slug("a"), TenantId::of_slug("b"));
        let (ann, bob) = (Id::new(), Id::new());
        let (own, shared, other) = (once(ours, 100, 200), once(ours, 100, 200), once(ours, 100, 200));
        app.insert(&own, &[ann]).await;
        app.insert(&shared, &[ann, bob]).await;
        app.insert(&other, &[bob]).await;
        app.insert(&once(theirs, 100, 200), &[ann]).await;
        let later = now() + 60;
        app.store.write(move |conn| blocks::forget_owner(conn, ours, ann, later)).await.unwrap();
        let mut left = [(bob, shared.block_id), (bob, other.block_id)];
        left.sort_unstable();
        assert_eq!(app.within(ours, &[ann, bob], 0, 1000).await, left);
        assert_eq!(app.within(theirs, &[ann], 0, 1000).await.len(), 1);
        let rows = app.store.read(move |conn| blocks::list(conn, ours, &Filter::default(), None, 10)).await.unwrap();
        let versions: Vec<_> = rows.iter().map(|row| (row.block_id, row.version, row.updated_at)).collect();
        assert_eq!(versions, [(shared.block_id, 2, later), (other.block_id, 1, now())]);
    }
}
