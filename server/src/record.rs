//! Conversion of published values to records of a log.

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_shared::encoding::json;
use push_wire_shared::session::wire::Content;
use serde::Serialize;

use crate::hub::PublishError;

/// Record of a value: its JSON text.
pub(crate) fn value_record(value: &(impl Serialize + ?Sized)) -> Result<Record, PublishError> {
    let body = json::to_vec(value)?;
    Ok(Record {
        content: Content::Value,
        body: body.into(),
    })
}

/// Record of the application's bytes.
pub(crate) fn bytes_record(body: Bytes) -> Record {
    Record {
        content: Content::Bytes,
        body,
    }
}
