package dev.banger.model;

/** This build's version: client and daemon must agree on it. */
public final class Version {
  /** As in pom.xml; a test holds the two together. */
  public static final String TEXT = "0.1.0";

  private Version() {}
}
