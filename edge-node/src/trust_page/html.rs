//! Assembles the page. It has no part that needs a build, and works on old browsers and without
//! script: only the check needs script.
//!
//! Invariant: every inserted value is one of our own texts, or escaped.

use std::fmt::Write;

use process::qr::QrCode;
use texts::{Phrase, Sentence};
use wire::{EdgeId, Language, Region};

use super::authority::ShopAuthority;
use crate::say;

pub(super) const STYLE: &str = concat!(
    include_str!("../../../protocol/web/src/styles/tokens.css"),
    include_str!("../../../protocol/web/src/styles/kit.css"),
    include_str!("page.css"),
);

pub(super) const SCRIPT: &str = include_str!("check.js");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceKind {
    Android,
    Ios,
    Windows,
    Linux,
}

pub(super) enum ShopCertificate {
    /// The edge has none yet.
    Awaited,
    /// The operator's own.
    OperatorsOwn,
    Issued(ShopAuthority),
}

pub(super) struct TrustDocument<'a> {
    pub edge: &'a EdgeId,
    pub region: Region,
    pub certificate: &'a ShopCertificate,
    /// The app's origins, the preferred one first.
    pub origins: &'a [String],
    /// The address of this page.
    pub address: &'a str,
    pub language: Language,
    pub device: DeviceKind,
}

impl DeviceKind {
    const ALL: [Self; 4] = [Self::Android, Self::Ios, Self::Windows, Self::Linux];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.query_name() == name)
    }

    /// An iPad calls itself a Macintosh.
    pub(super) fn from_user_agent(agent: &str) -> Self {
        const APPLE: [&str; 3] = ["iPhone", "iPad", "Macintosh"];
        if APPLE.iter().any(|mark| agent.contains(mark)) {
            Self::Ios
        } else if agent.contains("Windows") {
            Self::Windows
        } else if agent.contains("Linux") && !agent.contains("Android") {
            Self::Linux
        } else {
            Self::Android
        }
    }

    fn query_name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Windows => "windows",
            Self::Linux => "linux",
        }
    }

    fn label_in(self, language: Language) -> &'static str {
        match self {
            Self::Android => say::trust_kind_android.text_in(language),
            Self::Ios => say::trust_kind_ios.text_in(language),
            Self::Windows => "Windows",
            Self::Linux => "Linux",
        }
    }
}

impl TrustDocument<'_> {
    pub(super) fn render(&self) -> String {
        let body = match self.certificate {
            ShopCertificate::Awaited => self.render_awaited(),
            ShopCertificate::OperatorsOwn => {
                let check = self.render_check(say::trust_waiting::own);
                let note = self.render_note(say::trust_own::title, say::trust_own::text);
                let aside = self.render_other_devices();
                format!("{check}\n{note}\n{aside}")
            }
            ShopCertificate::Issued(authority) => {
                let check = self.render_check(say::trust_waiting::text);
                let steps = self.render_steps(authority);
                let others = self.render_other_devices();
                let allows = self.render_permissions();
                format!(
                    "{check}\n<div class=\"both\">\n{steps}\n<div class=\"stack\">\n{others}\n\
                     {allows}\n</div>\n</div>"
                )
            }
        };
        self.render_frame(&body)
    }

    fn render_frame(&self, body: &str) -> String {
        let tag = self.language.tag();
        let title = self.translate_phrase(say::trust_title);
        let intro = self.translate_phrase(say::trust_intro);
        let region = self.region.name().text_in(self.language);
        let heading = escape_html(&self.translate_sentence(&say::trust_heading {
            region: region.into(),
            edge: self.edge.into(),
        }));
        let other = match self.language {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        };
        let other_tag = other.tag();
        let other_name = self.translate_phrase(say::trust_other_language);
        let device = self.device.query_name();
        let region_code = self.region.as_str();
        let letter = region.chars().next().unwrap_or_default();
        let brand = ICON_HOLDFAST;
        format!(
            "<!doctype html>\n<html lang=\"{tag}\" data-surface=\"portal\">\n<head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} · Holdfast</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <header class=\"top\"><div><p class=\"brand\">{brand}Holdfast</p>\n\
             <div class=\"row\"><span class=\"region\" data-region=\"{region_code}\">\
             <b aria-hidden=\"true\">{letter}</b> <span>{region}</span></span>\n\
             <a class=\"button\" data-kind=\"quiet\" lang=\"{other_tag}\" hreflang=\"{other_tag}\" \
             href=\"/trust?lang={other_tag}&amp;device={device}\">{other_name}</a></div></div>\
             </header>\n<main class=\"page stack\">\n<h1>{heading}</h1>\n<p>{intro}</p>\n{body}\n\
             </main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }

    fn render_awaited(&self) -> String {
        let title = self.translate_phrase(say::trust_awaiting::title);
        let text = self.translate_phrase(say::trust_awaiting::text);
        let icon = ICON_CLOCK;
        format!(
            "<section class=\"card test\">{icon}<div><h2>{title}</h2><p>{text}</p></div></section>"
        )
    }

    /// Without script it stays at its first state, which explains how to check by hand.
    fn render_check(&self, waiting_text: Phrase) -> String {
        let origins = escape_html(&self.origins.join(" "));
        let app = escape_html(&self.app_address());
        let open = self.translate_phrase(say::trust_open_app);
        let unchecked = self.translate_phrase(say::trust_unchecked::title);
        let unchecked_text = self.translate_phrase(say::trust_unchecked::text);
        let waiting = self.translate_phrase(say::trust_waiting::title);
        let waiting_text = self.translate_phrase(waiting_text);
        let act = self.translate_phrase(say::trust_waiting::act);
        let trusted = self.translate_phrase(say::trust_trusted::title);
        let trusted_text = self.translate_phrase(say::trust_trusted::text);
        let clock = ICON_CLOCK;
        let confirmed = ICON_CONFIRMED;
        format!(
            "<section id=\"check\" data-origins=\"{origins}\" role=\"status\">\n\
             <div class=\"card test\" data-state=\"unchecked\">{clock}<div><h2>{unchecked}</h2>\
             <p>{unchecked_text}</p></div>\
             <a class=\"button\" data-size=\"field\" href=\"{app}\">{open}</a></div>\n\
             <div class=\"card test\" data-state=\"waiting\" hidden>{clock}<div><h2>{waiting}</h2>\
             <p>{waiting_text}</p></div>\
             <button type=\"button\" class=\"button\" data-size=\"field\">{act}</button></div>\n\
             <div class=\"card test\" data-is=\"yes\" data-state=\"trusted\" hidden>\
             {confirmed}<div><h2>{trusted}</h2><p>{trusted_text}</p></div>\
             <a class=\"button\" data-kind=\"act\" data-size=\"field\" href=\"{app}\">{open}</a>\
             </div>\n</section>"
        )
    }

    fn render_steps(&self, authority: &ShopAuthority) -> String {
        let how = self.translate_phrase(say::trust_how);
        let kinds = self.render_kinds();
        let download = self.render_download_step();
        let compare = self.render_compare_step(authority);
        let install = self.render_install_step();
        // Android shows a fingerprint only once the certificate is installed.
        let (second, third) = match self.device {
            DeviceKind::Android => (install, compare),
            DeviceKind::Ios | DeviceKind::Windows | DeviceKind::Linux => (compare, install),
        };
        let comeback = self.translate_phrase(say::trust_return::title);
        let comeback_text = self.translate_phrase(say::trust_return::text);
        let help = self.translate_phrase(say::trust_return::help);
        format!(
            "<section id=\"steps\" class=\"card stack\" aria-labelledby=\"how\">\
             <h2 id=\"how\">{how}</h2>\n{kinds}\n<ol class=\"steps3\">\n\
             {download}\n{second}\n{third}\n\
             <li><div class=\"stack\"><p><strong>{comeback}</strong><br>{comeback_text}</p>\
             <p class=\"soft\">{help}</p></div></li>\n</ol></section>"
        )
    }

    fn render_kinds(&self) -> String {
        let label = self.translate_phrase(say::trust_kinds);
        let tag = self.language.tag();
        let mut links = String::new();
        for kind in DeviceKind::ALL {
            let name = kind.query_name();
            let words = kind.label_in(self.language);
            let (current, tone) = match kind == self.device {
                true => (" aria-current=\"page\"", "tonal"),
                false => ("", "plain"),
            };
            let _ = write!(
                links,
                "<a class=\"button\" data-kind=\"{tone}\"{current} \
                 href=\"/trust?lang={tag}&amp;device={name}\">{words}</a>"
            );
        }
        format!("<nav class=\"row\" aria-label=\"{label}\">{links}</nav>")
    }

    fn render_download_step(&self) -> String {
        let title = self.translate_phrase(say::trust_download::title);
        let file = build_file_name(self.edge, self.device);
        let file_arg = file.as_str().into();
        let text = match self.device {
            DeviceKind::Android => {
                self.translate_sentence(&say::trust_download_android { file: file_arg })
            }
            DeviceKind::Ios => self.translate_sentence(&say::trust_download_ios),
            DeviceKind::Windows | DeviceKind::Linux => {
                self.translate_sentence(&say::trust_download_computer { file: file_arg })
            }
        };
        let text = escape_html(&text);
        let certificate = say::trust_download::act;
        let (path, act) = match self.device {
            DeviceKind::Android | DeviceKind::Windows => ("/trust/ca.crt", certificate),
            DeviceKind::Ios => ("/trust/holdfast.mobileconfig", say::trust_download::profile),
            DeviceKind::Linux => ("/trust/ca.pem", certificate),
        };
        let act = self.translate_phrase(act);
        let tag = self.language.tag();
        let icon = ICON_SAVE;
        format!(
            "<li><div class=\"stack\"><p><strong>{title}</strong><br>{text}</p>\
             <p><a class=\"button\" data-kind=\"act\" href=\"{path}?lang={tag}\">\
             {icon}{act}</a></p></div></li>"
        )
    }

    fn render_compare_step(&self, authority: &ShopAuthority) -> String {
        let title = self.translate_phrase(say::trust_compare::title);
        let file = build_file_name(self.edge, self.device);
        let (place, command) = match self.device {
            DeviceKind::Android => (say::trust_compare::android, None),
            DeviceKind::Ios => (say::trust_compare::ios, None),
            DeviceKind::Windows => (
                say::trust_compare::computer,
                Some(format!("certutil -hashfile {file} SHA256")),
            ),
            DeviceKind::Linux => (
                say::trust_compare::computer,
                Some(format!(
                    "openssl x509 -noout -fingerprint -sha256 -in {file}"
                )),
            ),
        };
        let place = self.translate_phrase(place);
        let command = command.map(render_command).unwrap_or_default();
        let all = self.translate_phrase(say::trust_compare::all);
        let groups: String = authority
            .fingerprint_groups()
            .iter()
            .map(|group| format!("<span>{group}</span> "))
            .collect();
        let differs = self.translate_phrase(say::trust_compare::differs);
        let why = self.translate_phrase(say::trust_why_compare);
        format!(
            "<li><div class=\"stack\"><p><strong>{title}</strong><br>{place}</p>{command}\
             <p>{all}</p><p class=\"print\" translate=\"no\">{groups}</p>\
             <p><strong>{differs}</strong></p><p class=\"soft\">{why}</p></div></li>"
        )
    }

    fn render_install_step(&self) -> String {
        let title = self.translate_phrase(say::trust_install::title);
        let file = build_file_name(self.edge, self.device);
        let text = match self.device {
            DeviceKind::Android => self.translate_sentence(&say::trust_install_android {
                file: file.as_str().into(),
            }),
            DeviceKind::Ios => self.translate_phrase(say::trust_install::ios).to_owned(),
            DeviceKind::Windows => self
                .translate_phrase(say::trust_install::windows)
                .to_owned(),
            DeviceKind::Linux => self.translate_phrase(say::trust_install::linux).to_owned(),
        };
        let text = escape_html(&text);
        let more = match self.device {
            DeviceKind::Linux => {
                let edge = self.edge;
                let kept = format!("/usr/local/share/ca-certificates/holdfast-{edge}.crt");
                let command = render_command(format!(
                    "sudo install -m644 {file} {kept} && sudo update-ca-certificates"
                ));
                let browsers = self.translate_phrase(say::trust_install::browsers);
                format!("{command}<p>{browsers}</p>")
            }
            DeviceKind::Android | DeviceKind::Ios | DeviceKind::Windows => String::new(),
        };
        format!(
            "<li><div class=\"stack\"><p><strong>{title}</strong><br>{text}</p>{more}</div></li>"
        )
    }

    fn render_other_devices(&self) -> String {
        let title = self.translate_phrase(say::trust_others);
        let app = self.app_address();
        let label = self.translate_sentence(&say::trust_qr {
            address: app.as_str().into(),
        });
        let image = QrCode::encode(&app).map(|code| code.to_svg(&label));
        let image = image.unwrap_or_default();
        let app = escape_html(&app);
        let address = escape_html(self.address);
        let of_app = self.translate_phrase(say::trust_others_app);
        let of_page = self.translate_phrase(say::trust_others_page);
        format!(
            "<section class=\"card stack\" aria-labelledby=\"others\">\
             <h2 id=\"others\">{title}</h2>{image}\
             <p>{of_app}<br><span class=\"code\" translate=\"no\">{app}</span></p>\
             <p>{of_page}<br><span class=\"code\" translate=\"no\">{address}</span></p></section>"
        )
    }

    fn render_permissions(&self) -> String {
        let title = self.translate_phrase(say::trust_allows::title);
        let text = self.translate_phrase(say::trust_allows::text);
        let renewal = self.translate_phrase(say::trust_allows::renewal);
        format!(
            "<section class=\"card stack\" aria-labelledby=\"allows\">\
             <h2 id=\"allows\">{title}</h2><p>{text}</p><p class=\"soft\">{renewal}</p></section>"
        )
    }

    fn render_note(&self, title: Phrase, text: Phrase) -> String {
        let title = self.translate_phrase(title);
        let text = self.translate_phrase(text);
        format!("<section class=\"card stack\"><h2>{title}</h2><p>{text}</p></section>")
    }

    fn app_address(&self) -> String {
        let origin = self.origins.first().map(String::as_str).unwrap_or_default();
        format!("{origin}/")
    }

    fn translate_phrase(&self, phrase: Phrase) -> &'static str {
        phrase.text_in(self.language)
    }

    fn translate_sentence(&self, sentence: &impl Sentence) -> String {
        sentence.render_in(self.language)
    }
}

/// The name under which a device keeps the certificate.
pub(super) fn build_file_name(edge: &EdgeId, device: DeviceKind) -> String {
    match device {
        DeviceKind::Android | DeviceKind::Windows => format!("holdfast-{edge}.crt"),
        DeviceKind::Ios => format!("holdfast-{edge}.mobileconfig"),
        DeviceKind::Linux => format!("holdfast-{edge}.pem"),
    }
}

fn render_command(command: String) -> String {
    let command = escape_html(&command);
    format!("<pre class=\"code\" translate=\"no\">{command}</pre>")
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

// The icons that the page needs, as `protocol/web/src/icons.ts` has them.

const ICON_HOLDFAST: &str = "<svg class=\"icon\" aria-hidden=\"true\" width=\"24\" height=\"24\" \
    viewBox=\"0 0 24 24\"><path d=\"M6 3v18M18 3v18M6 12h4m4 0h4\" stroke-width=\"2.6\"/>\
    <circle cx=\"12\" cy=\"12\" r=\"2.4\" fill=\"currentColor\"/></svg>";

const ICON_CLOCK: &str = "<svg class=\"icon\" aria-hidden=\"true\" width=\"24\" height=\"24\" \
    viewBox=\"0 0 24 24\"><circle cx=\"12\" cy=\"12\" r=\"9\"/>\
    <path d=\"M12 7v5.500l3.5 2\"/></svg>";

const ICON_CONFIRMED: &str = "<svg class=\"icon\" aria-hidden=\"true\" width=\"24\" height=\"24\" \
    viewBox=\"0 0 24 24\"><circle cx=\"12\" cy=\"12\" r=\"9.6\" fill=\"currentColor\"/>\
    <path d=\"m7.6 12.3 3 3 5.8-6.2\" stroke=\"var(--cut, var(--card))\" \
    stroke-width=\"2.2\"/></svg>";

const ICON_SAVE: &str = "<svg class=\"icon\" aria-hidden=\"true\" width=\"24\" height=\"24\" \
    viewBox=\"0 0 24 24\"><path d=\"M12 3v11m-5-5 5 5 5-5M4 19.500h16\"/></svg>";
