//! `holdfast-alipay-sandbox`: runs the bank alone, to try out a platform with `payment.adapter =
//! "alipay"`.

use alipay_sandbox::{APP_ID, Sandbox, bank_public_key, merchant_key};
use anyhow::{Context, Result};
use clap::Parser;
use process::clock::Clock;

#[derive(Parser)]
#[command(
    about = "Run a sandbox of Alipay's open platform, and print the settings that lead to it"
)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: String,
    /// The gateway of the platform that receives payment notifications.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    platform: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { listen, platform } = Arguments::parse();
    let sandbox = Sandbox::start(&listen, Clock::system()).await;
    let sandbox = sandbox.with_context(|| format!("could not listen on {listen}"))?;
    println!("HOLDFAST__PAYMENT__ADAPTER=alipay");
    println!("HOLDFAST__PAYMENT__ALIPAY_GATEWAY={}", sandbox.gateway());
    println!("HOLDFAST__PAYMENT__ALIPAY_APP_ID={APP_ID}");
    println!("HOLDFAST__PAYMENT__ALIPAY_KEY={}", merchant_key().display());
    println!(
        "HOLDFAST__PAYMENT__ALIPAY_PUBLIC_KEY={}",
        bank_public_key().display()
    );
    println!("HOLDFAST__PAYMENT__ALIPAY_NOTIFY_URL={platform}/api/v1/payments/callbacks/alipay");
    println!("HOLDFAST__PAYMENT__ALIPAY_RETURN_URL={platform}/orders/{{order}}");
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await;
    Ok(())
}
