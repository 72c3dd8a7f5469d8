//! Parts below the typed API, for the simulator, the hostile tests, the fuzz targets and the benchmarks of this
//! repository (feature `__internals`). Not part of the public API: any version may change them.

/// Executor of dictionary training.
pub mod compression {
    pub use crate::compression::Background;
}

/// Messages to clients, and their carriers.
pub mod carrier {
    pub use crate::carrier::{
        Carrier, EventFields, EventFrames, Kind, Message, Part, SharedRecord, WebSocketFrames,
    };
}

/// Sessions, streams and their readers.
pub mod hub {
    pub use crate::hub::{
        AnswerKind, Hub, HubConfig, HubSendError, OpAnswer, Post, PostAnswer, PostError, PostProof,
        Random, Reply,
    };
}

/// Connections without their sockets.
pub mod peer {
    pub use crate::peer::{
        Accepted, Action, AuthFailure, AuthRequest, Dialect, Inbound, Message, Peer, Usage,
    };
}
