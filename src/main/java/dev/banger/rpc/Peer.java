package dev.banger.rpc;

/** Who called, by the kernel's word (SO_PEERCRED); a number where the host knows no name for it. */
public record Peer(String user, String group) {}
