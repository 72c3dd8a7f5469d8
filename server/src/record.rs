//! Conversion of published values to records of a log.

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_shared::encoding::json;
use push_wire_shared::session::wire::Content;
use serde::Serialize;

use crate::hub::PublishError;

/// A value as a log keeps it.
pub(crate) fn value_record(value: &(impl Serialize + ?Sized)) -> Result<Record, PublishError> {
    let body = json::to_vec(value)?;
    Ok(Record {
        content: Content::Value,
        body: body.into(),
    })
}

/// The application's bytes as a log keeps them.
pub(crate) fn bytes_record(body: Bytes) -> Record {
    Record {
        content: Content::Bytes,
        body,
    }
}
