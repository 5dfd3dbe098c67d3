//! Decides what to answer from the request body alone: call tools that are offered, or write. Pure.

use serde_json::{Map, Value, json};

use super::advice;
use super::answer::{self, Lookup};
use super::question::{Question, has_any};

const SEARCH: &str = "search_products";
const DETAILS: &str = "get_product_details";
const TOTAL: &str = "calculate_total";
/// Most products looked up at once.
const MAX_LOOKUPS: usize = 6;
/// After so many rounds of tools it answers with what there is.
const MAX_ROUNDS: usize = 3;

/// A tool call to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) arguments: Value,
    /// Makes the ids of this request's calls differ from those of others.
    pub(super) serial: usize,
}

/// An answer, or what is said before calls and the calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
}

/// What the body of a request holds, as far as it matters.
struct Body<'a> {
    messages: &'a [Value],
    /// Where the last question stands.
    asked: usize,
    tools: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn read(body: &'a Value) -> Self {
        let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let asked = messages.iter().rposition(|message| message["role"] == "user").unwrap_or(0);
        let tools = body["tools"].as_array().into_iter().flatten();
        Self { messages, asked, tools: tools.filter_map(|tool| tool["function"]["name"].as_str()).collect() }
    }

    fn offers(&self, tool: &str) -> bool {
        self.tools.contains(&tool)
    }

    /// The last question's text, from a string or from parts.
    fn question(&self) -> String {
        match &self.messages.get(self.asked).map(|message| &message["content"]) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        }
    }

    /// Calls with their results, in these messages.
    fn lookups(messages: &[Value]) -> Vec<Lookup> {
        let mut lookups = Vec::new();
        for message in messages {
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let id = &call["id"];
                let result = messages
                    .iter()
                    .find(|other| other["role"] == "tool" && other["tool_call_id"] == *id)
                    .and_then(|other| other["content"].as_str())
                    .unwrap_or_default();
                let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
                lookups.push(Lookup {
                    tool: call["function"]["name"].as_str().unwrap_or_default().to_owned(),
                    arguments: serde_json::from_str(arguments).unwrap_or_default(),
                    result: serde_json::from_str::<Map<String, Value>>(result).map_err(|_| result.to_owned()),
                });
            }
        }
        lookups
    }

    /// What is missing of an answer of its own that was cut and is to go on; `None` when nothing like it is asked.
    fn rest_of_cut_answer(&self) -> Option<Reply> {
        let words = self.question().to_lowercase();
        let [before @ .., cut, _] = self.messages.get(..=self.asked)? else { return None };
        if cut["role"] != "assistant" || !words.contains("cut off") || !words.contains("go on") {
            return None;
        }
        let asked = before.iter().rposition(|message| message["role"] == "user")?;
        let whole = Body { messages: before, asked, tools: self.tools.clone() }.reply();
        let text = whole.text.strip_prefix(cut["content"].as_str()?)?.to_owned();
        Some(Reply { text, ..whole })
    }

    fn reply(&self) -> Reply {
        let mut reply = decide(self, &Question::read(&self.question()));
        for call in &mut reply.calls {
            call.serial = self.messages.len();
        }
        if reply.calls.is_empty() && self.is_first_answer() {
            reply.text.push_str(answer::ABOUT_DEMO);
        }
        reply
    }

    fn is_first_answer(&self) -> bool {
        !self.messages[..self.asked].iter().any(|message| message["role"] == "assistant")
    }
}

/// The answer to a request.
pub(super) fn reply(body: &Value) -> Reply {
    let body = Body::read(body);
    body.rest_of_cut_answer().unwrap_or_else(|| body.reply())
}

fn decide(body: &Body<'_>, question: &Question) -> Reply {
    let now = Body::lookups(&body.messages[(body.asked + 1).min(body.messages.len())..]);
    let rounds = body.messages[(body.asked + 1).min(body.messages.len())..]
        .iter()
        .filter(|message| message["role"] == "assistant")
        .count();
    if now.is_empty() && rounds == 0 {
        return first_step(body, question);
    }
    let has_total = now.iter().any(|lookup| lookup.tool == TOTAL);
    if question.wants_total && !has_total && rounds < MAX_ROUNDS && body.offers(TOTAL) {
        let ids = answer::cheapest_of_each(&now);
        if !ids.is_empty() {
            return total(&ids, question, "Now I add that up.\n\n");
        }
    }
    Reply { text: answer::from_lookups(question, &now), calls: Vec::new() }
}

fn first_step(body: &Body<'_>, question: &Question) -> Reply {
    let earlier = Body::lookups(&body.messages[..body.asked]);
    if question.wants_total {
        let mut ids = question.ids.clone();
        if ids.is_empty() {
            ids = answer::named_ids(&question.text, &earlier);
        }
        if !ids.is_empty() {
            if !body.offers(TOTAL) {
                return say(answer::CANNOT_ADD);
            }
            return total(&ids, question, "Let me add that up.\n\n");
        }
    }
    if !question.ids.is_empty() {
        let mut ids = question.ids.clone();
        ids.dedup();
        ids.truncate(MAX_LOOKUPS);
        let calls = ids.into_iter().map(|id| call(DETAILS, json!({"product_id": id}))).collect();
        return look(body, DETAILS, "Let me look that up.\n\n", calls);
    }
    let topic = advice::find(&question.text);
    let is_shopping = !question.categories.is_empty() && (question.is_about_goods() || topic.is_none());
    if is_shopping {
        let calls: Vec<Call> = question
            .categories
            .iter()
            .take(MAX_LOOKUPS)
            .map(|category| {
                let mut arguments = json!({"category": category});
                if let Some(limit) = question.limit {
                    arguments["max_price"] = answer::number(limit.dollars);
                }
                if question.wants_stock {
                    arguments["in_stock"] = json!(true);
                }
                call(SEARCH, arguments)
            })
            .collect();
        let before = match calls.len() {
            1 => "Let me look at the shelf.\n\n",
            2 => "I will look at both shelves first.\n\n",
            _ => "I will look at those shelves first.\n\n",
        };
        return look(body, SEARCH, before, calls);
    }
    let named = answer::named_ids(&question.text, &earlier);
    if !named.is_empty() && topic.is_none() {
        let calls = named.into_iter().take(MAX_LOOKUPS).map(|id| call(DETAILS, json!({"product_id": id}))).collect();
        return look(body, DETAILS, "Let me look that up.\n\n", calls);
    }
    match topic {
        Some(text) => say(text),
        None if has_any(&question.text, &["hello", "hi", "hey", "good morning", "thanks", "thank you"]) => {
            say(answer::GREETING)
        }
        None => say(answer::WHAT_IT_CAN),
    }
}

fn look(body: &Body<'_>, tool: &str, before: &str, calls: Vec<Call>) -> Reply {
    if !body.offers(tool) {
        return say(answer::CANNOT_LOOK);
    }
    Reply { text: before.to_owned(), calls }
}

fn total(ids: &[String], question: &Question, before: &str) -> Reply {
    let mut arguments = json!({"product_ids": ids});
    if let Some(percent) = question.discount {
        arguments["discount_percent"] = answer::number(percent);
    }
    Reply { text: before.to_owned(), calls: vec![call(TOTAL, arguments)] }
}

fn call(name: &'static str, arguments: Value) -> Call {
    Call { name, arguments, serial: 0 }
}

fn say(text: &str) -> Reply {
    Reply { text: text.to_owned(), calls: Vec::new() }
}
