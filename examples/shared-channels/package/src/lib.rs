//! The browser client with the channels of the orders service, for JavaScript.

push_wire_client_wasm::export_client!(OrdersClient, orders_channels::Channel);
