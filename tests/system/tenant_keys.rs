//! Every key begins with the tenant, and no statement leaves its tenant: the schema can be spread over machines by
//! tenant, and a forgotten condition cannot mix two businesses. Read from the live catalog and from the sources.

use std::collections::BTreeMap;

use crate::support::{Database, House, Kind};

on_both!(every_key_begins_with_the_tenant, planted_keys_are_found, a_deleted_business_leaves_nothing);

/// Tables that are the migrations' own.
const FOREIGN_TABLES: [&str; 1] = ["__diesel_schema_migrations"];

async fn every_key_begins_with_the_tenant(kind: Kind) {
    let house = House::new(kind).await;
    house.ok(&["migrate"]);
    let keys = keys(&house.database).await;
    assert!(keys.len() > 20, "the catalog shows only {keys:?}");
    assert_eq!(violations(&keys), Vec::<String>::new());
}

/// Whoever makes a business of the same name later would find what an earlier one left: their ids are the same.
async fn a_deleted_business_leaves_nothing(kind: Kind) {
    let house = House::new(kind).await;
    house.business("salon");
    let person = ["--name", "Anna", "--email", "anna@salon.example", "--role", "staff", "--username", "anna"];
    house.ok(&[&["user", "create", "salon"][..], &person].concat());
    house.ok(&["user", "app-password", "salon", "anna"]);
    house.ok(&["tenant", "delete", "salon"]);
    // Not every table has a row by now; that each is named where rows are deleted is seen in the source.
    let source = include_str!("../../src/store/tenants.rs");
    let tables: std::collections::BTreeSet<String> = keys(&house.database).await.into_keys().map(|key| key.0).collect();
    for table in tables {
        let left = house.database.number(&format!("SELECT count(*) FROM {table} WHERE tenant_id <> 0")).await;
        assert_eq!(left, 0, "{table} keeps rows of a deleted business");
        assert!(source.contains(&format!("\"{table}\",")), "{table} is not emptied with its business");
    }
}

/// The check can fail: it finds each of these.
async fn planted_keys_are_found(kind: Kind) {
    let house = House::new(kind).await;
    house.ok(&["migrate"]);
    let mut planted = vec![
        ("CREATE TABLE planted_no_key (tenant_id BIGINT NOT NULL, id BIGINT NOT NULL)", "planted_no_key"),
        ("CREATE TABLE planted_order (tenant_id BIGINT, id BIGINT, PRIMARY KEY (id, tenant_id))", "planted_order"),
        ("CREATE TABLE planted_alone (id BIGINT NOT NULL, PRIMARY KEY (id))", "planted_alone"),
        ("CREATE UNIQUE INDEX planted_index ON people (username)", "people"),
        ("CREATE UNIQUE INDEX planted_expression ON people (lower(username), tenant_id)", "people"),
        ("CREATE TABLE planted_unique (tenant_id BIGINT, id BIGINT UNIQUE, PRIMARY KEY (tenant_id))", "planted_unique"),
    ];
    if kind == Kind::Postgres {
        let exclusion = "ALTER TABLE allocations ADD CONSTRAINT planted_exclusion \
                         EXCLUDE USING gist (resource_id WITH =, tenant_id WITH =)";
        planted.push((exclusion, "allocations"));
    }
    let mut found = 0;
    for (sql, table) in planted {
        house.database.execute(sql).await;
        let violations = violations(&keys(&house.database).await);
        assert_eq!(violations.len(), found + 1, "after {sql}: {violations:?}");
        assert!(violations.iter().any(|text| text.starts_with(table)), "after {sql}: {violations:?}");
        found = violations.len();
    }
}

/// (table, key) → its columns in order, `None` for an expression. The primary key is there even when it has none.
type Keys = BTreeMap<(String, String), Vec<Option<String>>>;

fn violations(keys: &Keys) -> Vec<String> {
    let wrong = keys.iter().filter(|(_, columns)| columns.first().cloned().flatten().as_deref() != Some("tenant_id"));
    wrong.map(|((table, key), columns)| format!("{table}.{key}: {columns:?}")).collect()
}

async fn keys(database: &Database) -> Keys {
    match database.kind {
        Kind::Sqlite => sqlite_keys(database).await,
        Kind::Postgres => postgres_keys(database).await,
    }
}

async fn sqlite_keys(database: &Database) -> Keys {
    let mut keys = Keys::new();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in database.rows(tables).await.into_iter().map(|row| row[0].clone().unwrap()) {
        if FOREIGN_TABLES.contains(&table.as_str()) {
            continue;
        }
        // An INTEGER PRIMARY KEY is the row's id and has no index of its own.
        let primary = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk");
        let columns = database.rows(&primary).await.into_iter().map(|row| row[0].clone()).collect();
        keys.insert((table.clone(), "primary key".to_owned()), columns);
        let unique = format!("SELECT name FROM pragma_index_list('{table}') WHERE \"unique\" = 1 AND origin <> 'pk'");
        for index in database.rows(&unique).await.into_iter().map(|row| row[0].clone().unwrap()) {
            let columns = format!("SELECT name FROM pragma_index_info('{index}') ORDER BY seqno");
            let columns = database.rows(&columns).await.into_iter().map(|row| row[0].clone()).collect();
            keys.insert((table.clone(), index), columns);
        }
    }
    keys
}

async fn postgres_keys(database: &Database) -> Keys {
    let mut keys = Keys::new();
    let tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace";
    for table in database.rows(tables).await.into_iter().map(|row| row[0].clone().unwrap()) {
        if !FOREIGN_TABLES.contains(&table.as_str()) {
            keys.insert((table, "primary key".to_owned()), Vec::new());
        }
    }
    let indexes = "SELECT c.relname, CASE WHEN x.indisprimary THEN 'primary key' ELSE i.relname END, a.attname
         FROM pg_index x
         JOIN pg_class c ON c.oid = x.indrelid
         JOIN pg_class i ON i.oid = x.indexrelid
         CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(attnum, place)
         LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum > 0
         WHERE c.relnamespace = 'public'::regnamespace AND (x.indisunique OR x.indisexclusion)
         ORDER BY 1, 2, k.place";
    for row in database.rows(indexes).await {
        let [table, key, column] = <[Option<String>; 3]>::try_from(row).unwrap();
        if let Some(table) = table.filter(|table| !FOREIGN_TABLES.contains(&table.as_str())) {
            keys.entry((table, key.unwrap())).or_default().push(column);
        }
    }
    keys
}

mod statements {
    //! The same of the statements: of every SQL text and every diesel query in `src/`.

    use std::path::{Path, PathBuf};

    /// Functions that look over all tenants, and why they may.
    const OVER_ALL_TENANTS: &[(&str, &str)] = &[
        ("list", "src/store/tenants.rs: the businesses themselves, for the command line and the work at start"),
        (
            "with_password",
            "src/store/people.rs: who logs in with an account password does not say which business they mean",
        ),
        ("forget_answers", "src/store/tokens.rs: old answers of everybody are deleted by age"),
    ];

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, into);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                let name = entry.strip_prefix(root()).unwrap().display().to_string();
                into.push((name, std::fs::read_to_string(entry).unwrap()));
            }
        }
    }

    /// The tables' names, from the migrations.
    fn tables() -> Vec<String> {
        let mut tables = Vec::new();
        for entry in std::fs::read_dir(root().join("migrations/sqlite")).unwrap() {
            let sql = std::fs::read_to_string(entry.unwrap().path().join("up.sql")).unwrap();
            let named = sql.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
            tables.extend(named.map(|rest| rest.split([' ', '(']).next().unwrap().to_owned()));
        }
        assert!(tables.len() > 10, "{tables:?}");
        tables
    }

    /// The string literals of a source, one after the other.
    fn literals(source: &str) -> Vec<String> {
        let mut literals = Vec::new();
        let mut rest = source;
        while let Some(start) = rest.find('"') {
            // 'x' and b'"' are characters.
            if rest[..start].ends_with('\'') && rest[start + 1..].starts_with('\'') {
                rest = &rest[start + 2..];
                continue;
            }
            let mut escaped = false;
            let end = rest[start + 1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            let Some(end) = end else { break };
            literals.push(rest[start + 1..start + 1 + end].to_owned());
            rest = &rest[start + 1 + end + 1..];
        }
        literals
    }

    /// What is wrong with an SQL text: each table it names needs the tenant, and each join needs it on both sides.
    fn fault_of_sql(sql: &str, tables: &[String]) -> Option<String> {
        let words: Vec<&str> =
            sql.split(|c: char| !(c.is_alphanumeric() || "_.".contains(c))).filter(|w| !w.is_empty()).collect();
        let is = |word: &str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        if !words.first().is_some_and(|first| is(first, &["SELECT", "UPDATE", "INSERT", "DELETE", "WITH"])) {
            return None;
        }
        let after =
            |pair: &&[&str]| is(pair[0], &["FROM", "JOIN", "UPDATE", "INTO"]) && tables.iter().any(|t| t == pair[1]);
        let named = words.windows(2).filter(after).count();
        let tenants = words.iter().filter(|word| word.rsplit('.').next() == Some("tenant_id")).count();
        let joins = words.windows(2).filter(|pair| after(pair) && is(pair[0], &["JOIN"])).count();
        // A join compares two of them, and one is compared with the caller's.
        (named > 0 && tenants < named.max(2 * joins + usize::from(joins > 0)))
            .then(|| format!("{named} tables, {joins} joins, and the tenant only {tenants} times: {sql}"))
    }

    /// The functions of a source: name and text, as rustfmt leaves them.
    fn functions(source: &str) -> Vec<(String, String)> {
        let mut functions: Vec<(String, String)> = Vec::new();
        for line in source.lines() {
            let code = line.trim_start();
            let start =
                ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn "].iter().find_map(|it| code.strip_prefix(it));
            if let Some(rest) = start {
                let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
                functions.push((name, String::new()));
            }
            if let Some((_, text)) = functions.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        functions
    }

    /// What is wrong with a function that asks through diesel.
    fn fault_of_function(name: &str, text: &str, tables: &[String]) -> Option<String> {
        let asks: Vec<&String> = tables.iter().filter(|table| text.contains(&format!("{table}::table"))).collect();
        let of_a_tenant =
            ["tenant_id.eq(tenant", "tenant_id.eq(", "find((tenant", "find(tenant)", "find(key)", "values("];
        let allowed = OVER_ALL_TENANTS.iter().any(|(known, _)| known == &name);
        let narrow = of_a_tenant.iter().any(|way| text.contains(way)) || text.contains(".find((");
        (!asks.is_empty() && !narrow && !allowed).then(|| format!("{name} asks {asks:?} without a tenant"))
    }

    fn faults(name: &str, source: &str, tables: &[String]) -> Vec<String> {
        let sql = literals(source).into_iter().filter_map(|text| fault_of_sql(&text, tables));
        let functions = functions(source).into_iter().filter_map(|(of, text)| fault_of_function(&of, &text, tables));
        sql.chain(functions).map(|fault| format!("{name}: {fault}")).collect()
    }

    #[test]
    fn no_statement_leaves_its_tenant() {
        let (mut all, tables) = (Vec::new(), tables());
        sources(&root().join("src"), &mut all);
        let statements =
            all.iter().flat_map(|(_, source)| literals(source)).filter(|text| text.contains("tenant_id = ")).count();
        assert!(statements > 5, "the statements of src/store were not found");
        let found: Vec<String> = all.iter().flat_map(|(name, source)| faults(name, source, &tables)).collect();
        assert_eq!(found, Vec::<String>::new());
    }

    /// The check can fail: it finds each of these, and lets the good ones pass.
    #[test]
    fn planted_statements_are_found() {
        let tables = tables();
        for bad in [
            r#"const A: &str = "SELECT name FROM people WHERE username = ?";"#,
            r#"const A: &str = "DELETE FROM feeds WHERE feed_id = ?";"#,
            "const A: &str = \"SELECT b.uid FROM objects o JOIN bookings b ON b.booking_id = o.object_id\n WHERE o.tenant_id = ?\";",
            "fn by_uid(c: &mut C, uid: &str) {\n    let q = bookings::table.filter(bookings::uid.eq(uid));\n}\n",
        ] {
            assert_eq!(faults("planted", bad, &tables).len(), 1, "{bad}");
        }
        for good in [
            r#"const A: &str = "UPDATE collections SET change = change + 1 WHERE tenant_id = ? AND collection_id = ?";"#,
            r#"const A: &str = "update the people";"#,
            "fn find(c: &mut C, t: T) {\n    bookings::table.filter(bookings::tenant_id.eq(t));\n}\n",
        ] {
            assert_eq!(faults("planted", good, &tables), Vec::<String>::new(), "{good}");
        }
    }
}
