//! What a device does: the device core without I/O, its store, a client, the scrip-agent command.
