package dev.banger.guest;

/** A connection that somebody made to a socket in the guest. */
public record Incoming(String peer, int port, GuestStream stream) {}
