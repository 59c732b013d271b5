//! The event log: filters, files, checkpoints and proofs, as programs see them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::role::{Action, Actor, Scope, permit};
use ledger::tree::{Edge, Hash, Head, Verdict, check_consistency, check_inclusion, leaf_hash};
use serde_json::{Value, json};
use wire::message::Checkpoint;
use wire::seal::Sealed;
use wire::time::Span;

use crate::home::both;
use crate::office::{DNA, Office, Site, text};

fn hash(text: &Value) -> Hash {
    let text = text.as_str().expect("digits");
    std::array::from_fn(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).expect("digits"))
}

fn path(proof: &Value) -> Vec<Hash> {
    proof["path"].as_array().expect("hashes").iter().map(hash).collect()
}

fn head(value: &Value) -> Head {
    Head { size: value["size"].as_u64().expect("a size"), root: hash(&value["root"]) }
}

impl Office {
    async fn sequence(&self) {
        let mut turn = self.app.turn("sequencer");
        while self.app.sequence(&mut turn).await.expect("they get places") > 0 {}
        self.app.sign_logs(&mut turn).await.expect("they are signed");
    }

    async fn checkpoint(&self, log: &str) -> Checkpoint {
        let answer = self.get(&format!("{log}/checkpoint")).await;
        assert_eq!(answer.headers["content-type"], "application/cose");
        let sealed = Sealed::<Checkpoint>::from_bytes(answer.body).expect("a checkpoint");
        let bundle = self.app.keys.bundle.open_in(self.app.keys.realm).expect("our bundle");
        *sealed.open(&bundle.find(sealed.peek_key()).expect("our key")).expect("it is signed")
    }

    async fn check(&self) -> Vec<String> {
        let may = permit(&Actor::Host, Action::ReadEvents, Scope::House).expect("the host may");
        self.app.check(&may).await.expect("it is checked").wrong
    }

    async fn busy_site(&self) -> (Site, String) {
        let site = self.site("a.example").await;
        for quantity in 1..=5 {
            self.wait(Span::from_hours(1));
            self.grant(&site, DNA, quantity).await;
        }
        let log = format!("{}/events", site.path());
        (site, log)
    }
}

both! {
    async fn a_change_says_what_was_before_and_is_after(office) {
        let path = format!("/api/v1/licenses/{DNA}");
        office.put(&path, &json!({"name": "DNA"})).await.ok();
        office.wait(Span::from_seconds(1));
        office.put(&path, &json!({"name": "DNA Advantage", "concern": "information_only"})).await.ok();
        let events = office.rows("/api/v1/events").await;
        assert_eq!(
            events[0]["detail"],
            json!({
                "tag": DNA, "name": {"before": "DNA", "after": "DNA Advantage"},
                "concern": {"before": "counted", "after": "information_only"},
            })
        );
        assert_eq!(events[1]["detail"], json!({"tag": DNA, "name": "DNA", "concern": "counted"}));
        assert_eq!(events[0]["place"], Value::Null);
        office.sequence().await;
        let events = office.rows("/api/v1/events").await;
        assert_eq!((&events[0]["place"], &events[1]["place"]), (&json!(1), &json!(0)));
    }

    async fn a_log_is_filtered_by_time_action_subject_and_actor(office) {
        let (_, log) = office.busy_site().await;
        let all = office.rows(&log).await;
        let rows = |query: String| { let log = log.clone(); let office = &office; async move { office.rows(&format!("{log}?{query}")).await } };
        assert_eq!(rows("action=entitlement.granted".to_owned()).await.len(), 5);
        assert_eq!(rows(format!("subject={}", text(&all[1]["subject"]))).await, [all[1].clone()]);
        assert_eq!(rows(format!("since={}&until={}", text(&all[3]["at"]), text(&all[1]["at"]))).await, all[2..4]);
        assert_eq!(rows("actor=SET-UP".to_owned()).await.len(), all.len());
        assert_eq!(rows("actor=somebody".to_owned()).await.len(), 0);
        office.get(&format!("{log}?since=yesterday")).await.problem(400, "time.malformed");
        let csv = office.get(&format!("{log}/export?action=entitlement.granted")).await;
        assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"event-log.csv\"");
        let csv = csv.text();
        assert_eq!(csv.lines().count(), 6, "{csv}");
        assert!(csv.starts_with("place,at,actor,role,action,subject,virtual_account,detail,address,id\r\n"), "{csv}");
        let lines = office.get(&format!("{log}/export?format=jsonl")).await.text();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines, all, "a file says what the list says");
    }

    async fn a_checkpoint_is_held_against_the_log_later(office) {
        let (_, log) = office.busy_site().await;
        office.sequence().await;
        let taken = office.checkpoint(&log).await;
        assert_eq!(taken.size, 7);
        let other = office.site("b.example").await;
        office.wait(Span::from_hours(2));
        let new = json!({"name": "Campus"});
        office.post(&log.replace("/events", "/virtual-accounts"), &new).await.created();
        office.sequence().await;
        let now = office.checkpoint(&log).await;
        let (from, to) = (Head { size: 7, root: taken.root }, Head { size: 8, root: now.root });
        let proof = office.get(&format!("{log}/proof?from=7")).await.ok();
        assert_eq!((head(&proof["from"]), head(&proof["to"])), (from, to));
        assert_eq!(check_consistency(&from, &to, &path(&proof)), Verdict::Proved);
        let event = &office.rows(&log).await[3];
        let proof = office.get(&format!("{log}/proof?place={}", event["place"])).await.ok();
        let place = proof["place"].as_u64().expect("a place");
        let verdict = check_inclusion(&hash(&proof["leaf"]), place, 8, &path(&proof), &now.root);
        assert_eq!(verdict, Verdict::Proved);
        let entries = office.get(&format!("{log}/entries?limit=500")).await.ok();
        let mut edge = Edge::default();
        for entry in entries.as_array().expect("entries") {
            let leaf = STANDARD.decode(text(&entry["leaf"])).expect("base64");
            assert_eq!(leaf_hash(&leaf), hash(&entry["hash"]));
            edge.append(leaf_hash(&leaf));
        }
        assert_eq!(edge.root(), now.root, "whoever has the entries can compute the root");
        office.get(&format!("{log}/proof?from=9")).await.problem(422, "proof.size");
        office.get(&format!("{log}/proof")).await.problem(422, "proof.query");
        let elsewhere = format!("{}/events/proof?place={}", other.path(), event["place"]);
        office.get(&elsewhere).await.problem(422, "proof.size");
        assert_eq!(office.check().await, Vec::<String>::new());
        assert_eq!(office.checkpoint("/api/v1/events").await.size, 0);
    }
}
