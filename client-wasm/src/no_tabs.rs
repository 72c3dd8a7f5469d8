//! Stand-in for shared connections in builds without them.

use std::rc::{Rc, Weak};

use push_wire_shared::session::client::{ClientConfig, Transport};
use uuid::Uuid;

use crate::address::Address;
use crate::driver::Driver;
use crate::{Config, ConnectError};

/// A tab that shares a connection, of which there are none.
pub(crate) enum Tabs {}

pub(crate) fn join(_: &Config, _: &str, _: &Address) -> Result<Option<Rc<Tabs>>, ConnectError> {
    Err(ConnectError::LeftOut {
        setting: "shared",
        value: "true",
        feature: "tabs",
    })
}

impl Tabs {
    pub(crate) fn session_config(&self, _: ClientConfig) -> ClientConfig {
        match *self {}
    }

    pub(crate) fn set_driver(&self, _: Weak<Driver>) {
        match *self {}
    }

    pub(crate) fn client_id(&self) -> Uuid {
        match *self {}
    }

    pub(crate) fn transport(&self) -> Transport {
        match *self {}
    }

    pub(crate) fn open(&self, _: u32) {
        match *self {}
    }

    pub(crate) fn transmit(&self, _: Vec<u8>) {
        match *self {}
    }

    pub(crate) fn pass(&self, _: u64) {
        match *self {}
    }

    pub(crate) fn shut(&self) {
        match *self {}
    }

    pub(crate) fn connect(&self) {
        match *self {}
    }

    pub(crate) fn set_token(&self, _: Option<String>) {
        match *self {}
    }

    pub(crate) fn attend(&self) {
        match *self {}
    }

    pub(crate) fn leave(&self) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }

    pub(crate) fn is_busy(&self) -> bool {
        match *self {}
    }

    pub(crate) fn abandon(&self) {
        match *self {}
    }
}
