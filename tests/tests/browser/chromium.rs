//! Chromium, driven through WebDriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// What waits for a page at most.
pub(crate) const PAGE: Duration = Duration::from_secs(60);

/// No window of Chromium is narrower; what is, is a telephone's screen.
const NARROWEST_WINDOW: u32 = 500;

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
    /// Whether it takes a certificate that nobody has signed.
    pub(crate) trusting: bool,
}

/// The screen of an old office computer.
pub(crate) const USUAL: How = How { size: (1366, 768), script: true, trusting: false };

/// Asks chromedriver for the browser's console.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

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
        let (width, height) = how.size;
        arguments.push(format!("--window-size={width},{height}"));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({"args": arguments});
        if width < NARROWEST_WINDOW {
            options["mobileEmulation"] =
                json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1, "touch": true}});
        }
        if !how.script {
            options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "acceptInsecureCerts": how.trusting,
        });
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

    /// Goes to the first page of whoever serves this one.
    pub(crate) async fn go_home(&self) {
        let home = self.client.current_url().await.unwrap().join("/").unwrap();
        self.go(home.as_str()).await;
    }

    /// An element, which may still be on its way: a click does not wait for the page that it leads to.
    async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PAGE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|_| panic!("no {css}"))
    }

    pub(crate) async fn click(&mut self, css: &str) {
        self.find(css).await.click().await.unwrap();
        self.clicks += 1;
    }

    pub(crate) async fn typed(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
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
        self.find(css).await;
    }

    /// Waits until the page that showed this is left: what is waited for next may stand on that page as well.
    pub(crate) async fn until_gone(&self, css: &str) {
        let began = std::time::Instant::now();
        while self.is_there(css).await {
            assert!(began.elapsed() < PAGE, "{css} stays");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn script(&self, text: &str) -> Value {
        self.client.execute(text, Vec::new()).await.unwrap()
    }

    /// Puts a text where the caret is, as a paste does.
    pub(crate) async fn paste(&self, css: &str, text: &str) {
        self.find(css).await.click().await.unwrap();
        let script = "document.execCommand('insertText', false, arguments[0])";
        self.client.execute(script, vec![json!(text)]).await.unwrap();
    }

    pub(crate) async fn is_there(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    /// What the browser has complained about since it was asked last: scripts that failed, what the content security
    /// policy refused, what was not found.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Log).await.unwrap();
        let entries = entries.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            // A form that was refused is answered so.
            .filter(|message| !message.contains("status of 422"))
            .collect()
    }

    /// Chooses a language and a theme on the page of settings.
    pub(crate) async fn choose(&mut self, lang: &str, theme: &str) {
        self.go_home().await;
        self.click("a[href='/pengaturan']").await;
        self.click(&format!("#lang option[value='{lang}']")).await;
        self.click(&format!("#theme option[value='{theme}']")).await;
        self.click("form[action='/tampilan'] button").await;
        self.until_there(&format!("html[lang='{lang}'][data-theme='{theme}']")).await;
    }

    pub(crate) async fn sign_in(&mut self, pages: &str) {
        self.go(&format!("{pages}/masuk")).await;
        self.typed("#name", "siti").await;
        self.typed("#password", crate::stand::PASSWORD).await;
        self.click("button[type=submit]").await;
        self.until_path("/").await;
    }
}
