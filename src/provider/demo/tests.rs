use super::*;
use crate::tools::outdoor_gear::{self, catalogue};

fn tools() -> Vec<Value> {
    outdoor_gear::tools(Duration::ZERO)
        .iter()
        .map(|tool| {
            let spec = tool.spec();
            json!({"type": "function", "function": {"name": spec.name, "parameters": spec.parameters}})
        })
        .collect()
}

/// Plays the whole turn: calls are answered by the real tools, or by these words.
fn play(question: &str, refusal: Option<&str>) -> (Vec<Call>, String) {
    let mut messages = vec![json!({"role": "user", "content": question})];
    let mut made = Vec::new();
    for _ in 0..6 {
        let reply = brain::reply(&json!({"messages": messages, "tools": tools()}));
        if reply.calls.is_empty() {
            return (made, reply.text);
        }
        let message = &whole(&reply, &Value::Null)["choices"][0]["message"];
        messages.push(message.clone());
        for (at, call) in reply.calls.iter().enumerate() {
            let tool = outdoor_gear::tools(Duration::ZERO).into_iter().find(|t| t.spec().name == call.name).unwrap();
            let run = tool.run(call.arguments.as_object().unwrap().clone());
            let content = refusal.map_or_else(
                || futures_util::FutureExt::now_or_never(run).unwrap().unwrap_or_else(|why| why),
                str::to_owned,
            );
            messages.push(json!({"role": "tool", "tool_call_id": call_id(at, call), "content": content}));
        }
        made.extend(reply.calls);
    }
    panic!("{question} never ends");
}

#[test]
fn every_category_and_price_comes_out_as_the_catalogue_says() {
    for category in catalogue::categories() {
        for limit in [50_u32, 90, 125, 160, 250, 300] {
            for stock in ["", " in stock"] {
                let question = format!("Which {category}s under ${limit}{stock} do you have?").replace("ss ", "s ");
                let (calls, answer) = play(&question, None);
                assert_eq!(calls.len(), 1, "{question}");
                for product in catalogue::products() {
                    let is_wanted = product.category == category
                        && product.price < f64::from(limit)
                        && (stock.is_empty() || product.stock > 0);
                    let row = format!("| {} | {} | ${:.2} |", product.name, product.id, product.price);
                    assert_eq!(answer.contains(&row), is_wanted, "{question}: {row}\n{answer}");
                }
            }
        }
    }
}

#[test]
fn two_categories_are_looked_up_at_the_same_time() {
    let (calls, answer) = play("Compare all tents and sleeping bags under $300", None);
    let categories: Vec<_> = calls.iter().map(|call| call.arguments["category"].as_str().unwrap()).collect();
    assert_eq!(categories, ["tent", "sleeping bag"]);
    assert!(answer.contains("## Tents under $300") && answer.contains("## Sleeping bags under $300"), "{answer}");
}

#[test]
fn totals_use_the_tool_and_only_its_figures() {
    let (calls, answer) = play("What do P001, P007 and P007 cost together with 10 percent off?", None);
    assert_eq!(calls[0].arguments, json!({"product_ids": ["P001", "P007", "P007"], "discount_percent": 10}));
    assert!(answer.contains("The total is **$457.19**."), "{answer}");
    let (calls, answer) = play("What would the cheapest tent and stove cost together?", None);
    assert_eq!(calls.last().map(|call| call.name), Some("calculate_total"));
    assert!(answer.contains("The total is **$163.90**."), "{answer}");
}

#[test]
fn a_product_is_told_from_its_details() {
    for product in catalogue::products() {
        let (_, answer) = play(&format!("Tell me about {}", product.id), None);
        assert!(answer.contains(&product.name) && answer.contains(&product.description), "{answer}");
    }
}

#[test]
fn without_tools_or_with_a_refusal_nothing_is_made_up() {
    let body = json!({"messages": [{"role": "user", "content": "Which tents under $250 are in stock?"}]});
    assert!(brain::reply(&body).text.starts_with("I cannot look that up"));
    let (_, answer) = play("Which tents are in stock?", Some("The person did not allow this call."));
    assert!(answer.contains("did not allow") && !answer.contains("TrailBlazer"), "{answer}");
}

#[test]
fn only_the_first_answer_says_that_it_is_a_demo() {
    let first = json!({"messages": [{"role": "user", "content": "hello"}]});
    assert!(brain::reply(&first).text.contains("scripted, not a model"));
    let later = json!({"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hi"},
                                    {"role": "user", "content": "Explain the three layers"}]});
    assert!(!brain::reply(&later).text.contains("scripted"));
}

#[test]
fn tokens_join_to_the_text_again() {
    for (_, text) in [play("hello", None), play("What gear do I need for a weekend hike?", None)] {
        assert_eq!(tokens(&text).concat(), text);
        assert!(tokens(&text).len() > 50);
    }
}

#[tokio::test]
async fn the_server_streams_calls_in_fragments_and_ends_with_usage() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = DemoServer::start(0).await.unwrap();
    let body = json!({"stream": true, "stream_options": {"include_usage": true}, "tools": tools(),
                      "messages": [{"role": "user", "content": "Compare all tents and sleeping bags under $300"}]})
    .to_string();
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("text/event-stream"), "{answer}");
    assert!(answer.matches("\"tool_calls\":[{").count() > 10);
    assert!(answer.contains("\"finish_reason\":\"tool_calls\"") && answer.contains("\"completion_tokens\""));
    assert!(answer.contains("data: [DONE]"));
}

#[test]
fn an_answer_that_was_cut_goes_on_where_it_ended() {
    let (_, whole) = play("hello", None);
    let cut = &whole[..whole.floor_char_boundary(whole.len() / 2)];
    let messages = json!([
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": cut},
        {"role": "user", "content": "Your answer was cut off. Go on exactly where it ended."},
    ]);
    let rest = brain::reply(&json!({"messages": messages, "tools": tools()}));
    assert_eq!(format!("{cut}{}", rest.text), whole);
}
