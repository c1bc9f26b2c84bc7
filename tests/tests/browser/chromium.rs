//! Chromium, driven through WebDriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

/// What waits for a page at most.
const PAGE: Duration = Duration::from_secs(60);

/// A browser with nothing in it.
pub(crate) struct Chromium {
    driver: Child,
    pub(crate) client: Client,
    /// How often something was clicked.
    pub(crate) clicks: u32,
    _profile: tempfile::TempDir,
}

/// How a browser is.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) size: (u32, u32),
    pub(crate) script: bool,
}

/// The screen of an old office computer.
pub(crate) const USUAL: How = How { size: (1366, 768), script: true };

/// Plays something in a browser.
pub(crate) fn play(how: How, scene: impl AsyncFnOnce(&mut Chromium)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut chromium = Chromium::start(how).await;
        scene(&mut chromium).await;
        chromium.client.clone().close().await.unwrap();
    });
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Chromium {
    async fn start(how: How) -> Chromium {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: apt-get install chromium chromium-driver");
        let said = BufReader::new(driver.stdout.take().unwrap());
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            line.split("successfully on port ").nth(1).map(|port| port.trim_end_matches('.').to_owned())
        });
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--window-size={},{}", how.size.0, how.size.1));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({"args": arguments});
        if !how.script {
            options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let wanted = json!({"goog:chromeOptions": options});
        let Value::Object(wanted) = wanted else { unreachable!() };
        let url = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wanted)
            .connect(&url)
            .await
            .unwrap();
        Chromium { driver, client, clicks: 0, _profile: profile }
    }

    pub(crate) async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    pub(crate) async fn click(&mut self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("no {css}")).click().await.unwrap();
        self.clicks += 1;
    }

    pub(crate) async fn typed(&self, css: &str, text: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().send_keys(text).await.unwrap();
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("no {css}")).text().await.unwrap()
    }

    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    pub(crate) async fn until_path(&self, path: &str) {
        let began = std::time::Instant::now();
        while self.path().await != path {
            assert!(began.elapsed() < PAGE, "{} is not {path}", self.path().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn until_there(&self, css: &str) {
        self.client.wait().at_most(PAGE).for_element(Locator::Css(css)).await.unwrap_or_else(|_| panic!("no {css}"));
    }

    pub(crate) async fn script(&self, text: &str) -> Value {
        self.client.execute(text, Vec::new()).await.unwrap()
    }

    pub(crate) async fn sign_in(&mut self, pages: &str) {
        self.go(&format!("{pages}/masuk")).await;
        self.typed("#name", "siti").await;
        self.typed("#password", crate::stand::PASSWORD).await;
        self.click("button[type=submit]").await;
        self.until_path("/").await;
    }
}
