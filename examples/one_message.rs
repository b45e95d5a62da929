//! One message to a model over the network, and its answer as it comes.
//!
//! `ANTHROPIC_API_KEY=… cargo run --example one_message -- What should I learn next?`

use std::env;
use std::io::{self, Write};

use completion_coach::{AnthropicModel, CompletionCoach, Credentials, Delivery, Endpoint, Profile, SqliteStore, TurnEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::var("ANTHROPIC_BASE_URL").unwrap_or(AnthropicModel::BASE_URL.to_owned());
    let model = AnthropicModel::new("claude-haiku-5-5", Endpoint::new(address, Credentials::environment("ANTHROPIC_API_KEY")?))?;
    let coach = CompletionCoach::builder(SqliteStore::in_memory()?, model).delivery(Delivery::Live).build()?;
    let me = coach.user("me");
    me.save_profile(&Profile::default()).await?;

    // An app shows this and asks; here whoever starts the program has agreed.
    let disclosure = coach.disclosure("en");
    writeln!(io::stderr(), "{}", disclosure.text)?;
    me.consent(&disclosure).await?;

    let said: Vec<_> = env::args().skip(1).collect();
    let mut turn = me.chat().stream(said.join(" ").as_str()).await?;
    while let Some(event) = turn.next().await {
        if let TurnEvent::Text(piece) = event? {
            write!(io::stdout(), "{piece}")?;
            io::stdout().flush()?;
        }
    }
    Ok(writeln!(io::stdout())?)
}
