//! A client of the realtime socket that sends exactly what it is told.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::patience::within;

/// One socket.
pub struct Listener {
    socket: WebSocketStream<TcpStream>,
    /// How often the server has asked whether it is there.
    pub pings: usize,
}

impl Listener {
    /// Connects to the `wsUrl` of a ticket.
    pub async fn connect(ticket: &Value) -> Self {
        let url = ticket["wsUrl"].as_str().expect("an address");
        let address = url.strip_prefix("ws://").and_then(|it| it.split('/').next()).expect("a host");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (socket, _) = client_async(url, stream).await.expect("a web socket");
        Listener { socket, pings: 0 }
    }

    /// Connects and logs in.
    pub async fn log_in(ticket: &Value) -> Self {
        let mut listener = Self::connect(ticket).await;
        let answer = listener.ask(login(ticket)).await;
        assert_eq!(answer["msgType"], "LOGIN_RES");
        assert_eq!(answer["msgData"], json!({ "envId": ticket["envId"] }));
        listener
    }

    pub async fn send(&mut self, frame: &Value) {
        self.send_raw(Message::text(frame.to_string())).await.expect("sent");
    }

    pub async fn send_raw(&mut self, message: Message) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.socket.send(message).await
    }

    /// Returns the next frame; `Err` is how the socket was closed, if that was said.
    pub async fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match within("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(text.as_str()).expect("JSON"));
                }
                Some(Ok(Message::Close(why))) => return Err(why),
                Some(Ok(other)) => self.pings += usize::from(other.is_ping()),
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Returns the next frame.
    pub async fn hear(&mut self) -> Value {
        self.next().await.expect("the socket is open")
    }

    /// Sends a frame and returns the one that answers it.
    pub async fn ask(&mut self, frame: Value) -> Value {
        self.send(&frame).await;
        loop {
            let answer = self.hear().await;
            if answer["requestId"] == frame["requestId"] {
                assert_eq!(answer.get("watchId"), frame.get("watchId"));
                return answer;
            }
        }
    }

    /// Watches and returns the first answer.
    pub async fn watch(&mut self, watch: &str, fields: Value) -> Value {
        let mut data = json!({ "envId": "local", "collName": "todos", "query": "{}" });
        data.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        self.ask(json!({ "watchId": watch, "requestId": format!("{watch}-1"), "msgType": "INIT_WATCH", "msgData": data }))
            .await
    }
}

pub fn login(ticket: &Value) -> Value {
    json!({
        "requestId": "login",
        "msgType": "LOGIN",
        "msgData": { "envId": ticket["envId"], "accessToken": "", "referrer": "web", "sdkVersion": "", "dataVersion": "" },
        "exMsgData": { "runtime": "web", "signStr": ticket["signStr"], "secretVersion": ticket["secretVersion"] },
    })
}
