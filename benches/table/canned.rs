//! A network that is not there: a transport that answers in order what it was given, and keeps the bodies that it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use completion_coach::{HttpBody, HttpRequest, HttpResponse, Result, Transport};

#[derive(Debug, Clone)]
pub(crate) struct Canned(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    answers: VecDeque<String>,
    bodies: Vec<Vec<u8>>,
}

impl Canned {
    /// Each answer is one stream of events.
    pub(crate) fn new(answers: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Mutex::new(Kept { answers: answers.into_iter().collect(), bodies: Vec::new() })))
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().bodies.clone()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn post(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        let mut kept = self.0.lock().unwrap();
        kept.bodies.push(request.take_body());
        let answer = kept.answers.pop_front().unwrap();
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Ok(HttpResponse { status: 200, headers, body: Box::new(Whole(Some(answer))) })
    }
}

#[derive(Debug)]
struct Whole(Option<String>);

#[async_trait]
impl HttpBody for Whole {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.0.take().map(String::into_bytes))
    }
}
