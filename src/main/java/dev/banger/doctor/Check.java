package dev.banger.doctor;

import dev.banger.model.BangerException;
import java.util.List;

/** One thing that is looked at; changes nothing. */
interface Check {
  String name();

  List<Finding> run() throws BangerException, InterruptedException;
}
