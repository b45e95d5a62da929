//! Copies: a backup while others write, and an export that is imported again.

use std::fs;
use std::sync::Arc;

use completion_coach::{
    AllowanceRates, CompletionCoach, ErrorKind, Limits, NewAction, OfflineGuide, Profile, Rate, SqliteStore, User, Verdicts,
};
use serde_json::Value;
use tempfile::TempDir;

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

fn coach(store: SqliteStore) -> CompletionCoach {
    let often = Rate::new(60_000, 10_000);
    CompletionCoach::builder(store, OfflineGuide).allowance(AllowanceRates { turns: often, proposals: often }).build().expect("a coach")
}

/// A user with everything: a profile, actions, a reviewed debrief, one under way, a chat, changes.
async fn settle(me: &User) {
    me.save_profile(&Profile { name: Some("Ada".into()), skills: vec!["Rust".into()], ..Profile::default() }).await.expect("saved");
    for action in ["a", "b"] {
        me.record_done(NewAction::new("build_tools", "A linter").id(action)).await.expect("recorded");
        me.debrief(action).open().await.expect("it opens").reply().await.expect("the guide asks");
        me.debrief(action).send("It worked in the end.").await.expect("a reply");
        me.debrief(action).send("I learned that one test beats every plan I make.").await.expect("a reply");
    }
    me.debrief("a").stop().await.expect("it ends");
    let proposal = me.debrief("a").propose().await.expect("a proposal");
    assert!(proposal.pending().next().is_some(), "something was proposed");
    let verdicts = proposal.pending().fold(Verdicts::default(), |verdicts, item| verdicts.accept(item.id.clone()));
    me.debrief("a").apply(verdicts).await.expect("applied");
    me.chat().open().await.expect("it opens").reply().await.expect("a greeting");
    me.chat().send("What next?").await.expect("a reply");
}

/// An export without what differs from one to the next.
fn content(json: &str) -> Value {
    let mut value: Value = serde_json::from_str(json).expect("it is JSON");
    for field in ["exported_at", "user"] {
        value.as_object_mut().expect("an object").remove(field).expect("it is there");
    }
    value["account"].as_object_mut().expect("an object").remove("version").expect("it is there");
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_while_others_write_is_of_one_moment_and_opens() {
    let folder = TempDir::new().expect("a folder");
    let store = SqliteStore::open(folder.path().join("debrief.db")).expect("it opens");
    let coach = coach(store.clone());
    settle(&coach.user("ada")).await;
    coach.user("eve").save_profile(&Profile::default()).await.expect("saved");
    let before = coach.user("ada").export().await.expect("exported");
    let writer = {
        let eve = coach.user("eve");
        tokio::spawn(async move {
            for _ in 0..200 {
                eve.chat().open().await.expect("it opens").reply().await.expect("a greeting");
                eve.chat().send("What should I learn next?").await.expect("a reply");
            }
        })
    };
    let mut copies = Vec::new();
    for n in 0..10 {
        let path = folder.path().join(format!("copy-{n}.db"));
        store.back_up(&path).await.expect("a copy");
        copies.push(path);
    }
    assert!(!writer.is_finished(), "others went on writing");
    writer.await.expect("they wrote");
    let mut lengths = Vec::new();
    for path in &copies {
        let copy = coach_of(path);
        assert_eq!(content(&copy.user("ada").export().await.expect("exported")), content(&before));
        let all = content(&copy.user("eve").export().await.expect("exported"));
        let thread = &all["threads"][0];
        let messages = thread.get("messages").and_then(Value::as_array).map_or(0, Vec::len) as u64;
        if messages > 0 {
            assert_eq!(thread["state"]["next_seq"], messages + 1, "half of a commit");
        }
        lengths.push(messages);
    }
    assert!(lengths.is_sorted());
    let error = store.back_up(&copies[0]).await.expect_err("there is a file");
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("path")));
    assert_eq!(store.back_up(folder.path().join("no/such")).await.expect_err("no folder").kind(), ErrorKind::StorageUnavailable);
    assert!(fs::read_dir(folder.path()).expect("a folder").all(|file| !file.expect("a file").path().to_string_lossy().contains(".part")));

    // A store in memory can be kept, too.
    let memory = SqliteStore::in_memory().expect("memory");
    settle(&self::coach(memory.clone()).user("ada")).await;
    memory.back_up(folder.path().join("memory.db")).await.expect("a copy");
    coach_of(&folder.path().join("memory.db")).user("ada").export().await.expect("exported");
}

fn coach_of(path: &std::path::Path) -> CompletionCoach {
    coach(SqliteStore::open(path).expect("it opens"))
}

#[tokio::test]
async fn what_was_exported_and_imported_is_the_same_under_any_user() {
    let coach = coach(SqliteStore::in_memory().expect("memory"));
    settle(&coach.user("ada")).await;
    let before = coach.user("ada").export().await.expect("exported");
    coach.user("eve").import(&before).await.expect("imported");
    assert_eq!(content(&coach.user("eve").export().await.expect("exported")), content(&before));
    for user in ["ada", "eve"] {
        let error = coach.user(user).import(&before).await.expect_err("they exist");
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    coach.user("ada").forget().await.expect("forgotten");
    coach.user("ada").import(&before).await.expect("imported");
    assert_eq!(content(&coach.user("ada").export().await.expect("exported")), content(&before));
    // It goes on where it was.
    let reply = coach.user("ada").debrief("b").send("And the parser taught me patience.").await.expect("a reply");
    assert_eq!(reply.message.seq, 7);
    assert!(!coach.user("ada").debrief("a").proposal().await.expect("there").items.is_empty());
    ran("transfer");
}

#[tokio::test]
async fn a_turn_that_was_under_way_when_it_was_exported_is_nobodys() {
    let first = coach(SqliteStore::in_memory().expect("memory"));
    settle(&first.user("ada")).await;
    let turn = first.user("ada").debrief("b").stream("And the parser taught me patience.").await.expect("a turn");
    let export = first.user("ada").export().await.expect("exported");
    drop(turn);
    let second = coach(SqliteStore::in_memory().expect("memory"));
    second.user("ada").import(&export).await.expect("imported");
    second.user("ada").debrief("b").resume().await.expect("not busy").reply().await.expect("a reply");
}

#[tokio::test]
async fn what_is_no_export_is_refused_whole_and_without_a_word_of_it() {
    let store = SqliteStore::in_memory().expect("memory");
    let coach = coach(store.clone());
    settle(&coach.user("ada")).await;
    let sound = coach.user("ada").export().await.expect("exported");
    let value: Value = serde_json::from_str(&sound).expect("JSON");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = value.clone();
        change(&mut value);
        value.to_string()
    };
    let cases: Vec<(ErrorKind, String)> = vec![
        (ErrorKind::InvalidInput, String::new()),
        (ErrorKind::InvalidInput, "secret".into()),
        (ErrorKind::InvalidInput, sound[..sound.len() / 2].into()),
        (ErrorKind::InvalidInput, "{\"secret\": 1}".into()),
        (ErrorKind::InvalidInput, changed(&|value| value["format"] = "secret".into())),
        (ErrorKind::StorageNewer, changed(&|value| value["version"] = 2.into())),
        (ErrorKind::StorageNewer, "{\"format\": \"completion-coach\", \"version\": 7, \"secret\": 1}".into()),
        (ErrorKind::InvalidInput, changed(&|value| value["version"] = 0.into())),
        (ErrorKind::InvalidInput, changed(&|value| value["account"]["profile"]["name"] = "secret".repeat(100).into())),
        (ErrorKind::InvalidInput, changed(&|value| value["actions"][0]["title"] = "".into())),
        (ErrorKind::InvalidInput, changed(&|value| value["actions"][0]["status"] = "secret".into())),
        (ErrorKind::InvalidInput, changed(&|value| value["actions"][1] = value["actions"][0].clone())),
        (ErrorKind::InvalidInput, changed(&|value| value["actions"] = Value::Array(vec![]))),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][0]["messages"][1]["text"] = "secret".repeat(4_000).into())),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][0]["messages"][1]["seq"] = 1.into())),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][0]["messages"][1]["id"] = "secret\n".into())),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][0]["messages"][1]["thread"] = "general".into())),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][0]["state"]["next_seq"] = 2.into())),
        (ErrorKind::InvalidInput, changed(&|value| value["threads"][1] = value["threads"][0].clone())),
        (ErrorKind::InvalidInput, changed(&|value| value["account"]["changes"] = 77.into())),
        (ErrorKind::InvalidInput, changed(&|value| value["changes"][0]["seq"] = 77.into())),
    ];
    for (kind, json) in cases {
        let error = coach.user("new").import(&json).await.expect_err(&json);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        assert_eq!(coach.user("new").profile().await.expect_err("nothing was written").kind(), ErrorKind::NotFound);
    }
    let strict = CompletionCoach::shared(Arc::new(store), Arc::new(OfflineGuide)).limits(Limits { message: 10, ..Limits::default() });
    let error = strict.build().expect("a coach").user("new").import(&sound).await.expect_err("the limits are kept");
    assert_eq!((error.kind(), error.field(), error.limit()), (ErrorKind::InvalidInput, Some("message"), Some(10)));
    coach.user("new").import(&sound).await.expect("the sound one");
}
