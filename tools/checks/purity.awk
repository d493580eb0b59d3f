# SPDX-License-Identifier: Apache-2.0
# For the purity check: what the core may not include and may not name, and why.

# Notes that code matching `pattern` is a sin. Words are whole: awk has no \b.
function ban(pattern, why) {
  bans++
  ban_pattern[bans] = pattern
  ban_why[bans] = why
}
function ban_word(word, why) { ban("(^|[^A-Za-z0-9_])" word "($|[^A-Za-z0-9_])", why) }
function ban_header(name, why) { ban_word("#[ \t]*include[ \t]*<" name ">", why) }

BEGIN {
  clock = "reads a clock; time comes to the core in events (Tick)"
  ban_word("(system|steady|high_resolution|utc|tai|gps|file)_clock", clock)
  ban_word("(gettimeofday|clock_gettime|timespec_get|localtime|gmtime|localtime_r|gmtime_r)", clock)
  ban("(^|[^A-Za-z0-9_.>])time[ \t]*\\([ \t]*(nullptr|NULL|0|&)", clock)
  ban("(^|[^A-Za-z0-9_.>])clock[ \t]*\\([ \t]*\\)", clock)
  ban_header("(ctime|time\\.h|sys/time\\.h)", clock)

  chance = "draws chance; chance comes to the core as a seed in its arguments"
  ban_header("random", chance)
  ban_word("(random_device|mt19937|mt19937_64|default_random_engine|getrandom|getentropy)", chance)
  ban("(^|[^A-Za-z0-9_])(s?rand|rand_r|random|drand48)[ \t]*\\(", chance)

  thread = "knows of threads; one thread calls the core, and it takes no lock"
  ban_header("(thread|mutex|shared_mutex|atomic|condition_variable|future|semaphore|latch|barrier|stop_token|pthread\\.h)", thread)
  ban_word("std::(thread|jthread|mutex|shared_mutex|recursive_mutex|atomic|atomic_[a-z]+|async|future|promise|this_thread)", thread)
  ban_word("(thread_local|volatile)", thread)

  input = "does input or output; the core returns values and others act on them"
  ban_header("(iostream|fstream|filesystem|cstdio|stdio\\.h|ostream|istream|print)", input)
  ban_header("(unistd\\.h|fcntl\\.h|sys/[a-z_]+\\.h|netinet/[a-z_]+\\.h|csignal|signal\\.h|cstdlib|stdlib\\.h)", input)
  ban_word("std::(cout|cerr|clog|cin|ofstream|ifstream|fstream|filesystem)", input)
  ban("(^|[^A-Za-z0-9_])(printf|fprintf|fopen|puts|getenv|system|abort|exit)[ \t]*\\(", input)
  ban("(^|[^A-Za-z0-9_])spdlog([^A-Za-z0-9_]|$)", "logs; the core says why in its decisions, others log them")

  order = "has an order that is not the same on every node; use std::map, std::set or a sorted vector"
  ban_word("(std::)?unordered_(map|set|multimap|multiset)", order)
  ban_header("unordered_(map|set)", order)
  ban("(^|[^A-Za-z0-9_])(map|set|multimap|multiset)[ \t]*<[^,<>]*\\*[ \t]*(const[ \t]*)?[,>]", "is ordered by addresses; key it by an id")
  ban_word("(u?intptr_t)", "makes a number of an address, which differs from node to node")

  ban_word("(float|double)", "is floating point; members on other processors or compilers may round otherwise: use integers with a unit")
  ban_word("std::(function|move_only_function|bind)", "is a callback; the core returns values")
}

FNR == 1 { in_comment = 0 }

{
  code = code_of($0)
  for (i = 1; i <= bans; i++) {
    if (match(code, ban_pattern[i])) {
      found = substr(code, RSTART, RLENGTH)
      gsub(/^[ \t]+|[ \t]+$/, "", found)
      printf "%s:%d: the core is pure, but `%s` %s\n", FILENAME, FNR, found, ban_why[i]
      sins++
    }
  }
}

END { exit sins > 0 }
