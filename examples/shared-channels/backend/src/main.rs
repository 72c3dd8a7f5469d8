//! Backend of the orders service. Run it in `examples/shared-channels`: it serves `page/` and the npm packages in `node_modules/`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use orders_channels::{Channel, Dish, NewOrder, Order};
use push_wire_server::{ChannelPolicy, HandlerError, PushServer};
use tower_http::services::ServeDir;

/// Number of tables.
const TABLES: u8 = 12;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let evening = Duration::from_secs(8 * 60 * 60);
    let server = PushServer::<Channel>::builder()
        .channel(Channel::Menu, ChannelPolicy::state())
        .channel(
            Channel::Order,
            ChannelPolicy::log().retain_entries(200).retain_age(evening),
        )
        .build()?;
    let menu = menu();
    server.publish(Channel::Menu, &menu)?;

    let number = AtomicU32::new(1);
    server.on_message(Channel::Order, move |message, server| {
        let NewOrder { table, dish } = message.json()?;
        check(&menu, table, &dish)?;
        let order = Order {
            number: number.fetch_add(1, Ordering::Relaxed),
            table,
            dish,
        };
        server.publish(Channel::Order, &order)?;
        Ok(())
    });

    let app = Router::new()
        .merge(server.router()) // the connections, at /rps
        .nest_service("/modules", ServeDir::new("node_modules"))
        .fallback_service(ServeDir::new("page"));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:4200".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

fn menu() -> Vec<Dish> {
    [
        ("Lentil soup", 650),
        ("Mushroom risotto", 1420),
        ("Grilled trout", 1780),
        ("Plum cake", 480),
    ]
    .map(|(name, cents)| Dish {
        name: name.into(),
        cents,
    })
    .to_vec()
}

/// Refuses an order that cannot be served; the text is the page's error.
fn check(menu: &[Dish], table: u8, dish: &str) -> Result<(), HandlerError> {
    if !(1..=TABLES).contains(&table) {
        let text = format!("there is no table {table}; the tables are 1 to {TABLES}");
        return Err(HandlerError::Refused(text));
    }
    if !menu.iter().any(|it| it.name == dish) {
        let text = format!("there is no dish {dish:?} on the menu");
        return Err(HandlerError::Refused(text));
    }
    Ok(())
}
