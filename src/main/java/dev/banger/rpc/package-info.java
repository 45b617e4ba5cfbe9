/**
 * JSON-RPC 2.0 over a Unix socket: framing, limits, server, client; it knows no method by name. One
 * JSON text a line, requests concurrent on a connection; after the reply of an interactive method
 * the connection is a yamux session (docs/rpc.md). Start at {@link dev.banger.rpc.RpcServer} or
 * {@link dev.banger.rpc.RpcClient}. Takes leaves only.
 */
@NullMarked
package dev.banger.rpc;

import org.jspecify.annotations.NullMarked;
