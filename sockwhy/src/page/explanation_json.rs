//! What `sockwhy explain` has to say, as JSON.

use serde::Serialize;

use super::SocketJson;
use super::explanation::runtime;
use crate::explanation::{Advice, Cause, Explanation, Holder, Target, Verdict};
use crate::model::Sanitized;
use crate::runtime::Setting;
use crate::term::json::{Shown, line};

/// One object on one line.
pub fn explain_json(explanation: &Explanation<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    line(&mut out, &ExplanationJson::from(explanation));
    out
}

/// The object of `sockwhy explain -o json`.
#[derive(Serialize)]
pub(crate) struct ExplanationJson<'a> {
    target: Shown<Target>,
    processes: Vec<ProcessJson<'a>>,
    sockets: Vec<SocketJson<'a>>,
    causes: Vec<CauseJson<'a>>,
    verdict: VerdictJson<'a>,
    notes: Vec<CauseJson<'a>>,
    remedies: Vec<AdviceJson<'a>>,
    no_remedies: Vec<AdviceJson<'a>>,
}

#[derive(Serialize)]
struct ProcessJson<'a> {
    pid: u32,
    process: Shown<Sanitized<'a>>,
    runtime: Option<String>,
    settings: Vec<SettingJson<'a>>,
}

#[derive(Serialize)]
struct SettingJson<'a> {
    name: &'a str,
    value: Shown<Sanitized<'a>>,
    source: &'a str,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    rule: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    accepts_ipv4: Option<bool>,
    accepts_ipv6: Option<bool>,
    problem: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct AdviceJson<'a> {
    aim: &'a str,
    what: &'a str,
    how: &'a str,
    effect: &'a str,
}

impl<'a> From<&'a Explanation<'a>> for ExplanationJson<'a> {
    fn from(explanation: &'a Explanation<'a>) -> Self {
        let Verdict { accepts_ipv4, accepts_ipv6, problem, text } = &explanation.verdict;
        let advice = |list: &'a [Advice]| {
            let json = |advice: &'a Advice| {
                let Advice { aim, what, how, effect } = advice;
                AdviceJson { aim: aim.as_str(), what, how, effect }
            };
            list.iter().map(json).collect()
        };
        let causes = |list: &'a [Cause]| list.iter().map(|Cause { rule, text }| CauseJson { rule, text }).collect();
        Self {
            target: Shown(explanation.target),
            processes: explanation.processes.iter().map(|holder| ProcessJson::from(*holder)).collect(),
            sockets: explanation.sockets.iter().map(|socket| SocketJson::from(*socket)).collect(),
            causes: causes(&explanation.causes),
            verdict: VerdictJson { accepts_ipv4: *accepts_ipv4, accepts_ipv6: *accepts_ipv6, problem: *problem, text },
            notes: causes(&explanation.notes),
            remedies: advice(&explanation.remedies),
            no_remedies: advice(&explanation.no_remedies),
        }
    }
}

impl<'a> From<&'a Holder> for ProcessJson<'a> {
    fn from(Holder { process, identity }: &'a Holder) -> Self {
        Self {
            pid: process.pid,
            process: Shown(Sanitized::Json(&process.name)),
            runtime: runtime(identity),
            settings: identity
                .settings
                .iter()
                .map(|Setting { name, value, source, .. }| SettingJson {
                    name,
                    value: Shown(Sanitized::Json(value)),
                    source,
                })
                .collect(),
        }
    }
}
