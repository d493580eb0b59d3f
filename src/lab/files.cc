// SPDX-License-Identifier: Apache-2.0
// Small files, locks and interrupts: the plain tools of the lab.
#include "lab/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace upbeat::lab {
namespace {

volatile std::sig_atomic_t asked_to_stop = 0;

std::string why() {
  return errno == ENOSPC ? "no space left: free some and try again"
                         : std::string(std::strerror(errno));
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return fail("cannot read " + path.string() + ": " + why());
  std::string text;
  std::array<char, 16384> buffer{};
  ssize_t got = 0;
  while ((got = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) return fail("cannot read " + path.string() + ": " + why());
  return text;
}

std::string last_line(const std::filesystem::path& path) {
  std::string text = read_file(path).value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  text.erase(0, text.find_last_of('\n') + 1);
  return text.empty() ? "(nothing)" : text;
}

Done write_file(const std::filesystem::path& path, const std::string& text, unsigned mode) {
  if (auto made = make_folder(path.parent_path()); !made) return made;
  const std::string temporary = path.string() + ".new";
  const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const auto failed = [&] { return fail("cannot write " + path.string() + ": " + why()); };
  if (!fd.open()) return failed();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::write(fd.get(), text.data() + done, text.size() - done);
    if (put <= 0) return failed();
    done += static_cast<std::size_t>(put);
  }
  if (::fchmod(fd.get(), mode) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return failed();
  }
  return {};
}

Done make_folder(const std::filesystem::path& path, unsigned mode) {
  if (path.empty()) return {};  // a name without a folder is in the current one
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  std::filesystem::create_directories(path, error);
  if (error || ::chmod(path.c_str(), mode) != 0) {
    return fail("cannot make the folder " + path.string() + ": " +
                (error ? error.message() : why()));
  }
  return {};
}

Result<std::string> random_bytes(std::size_t bytes) {
  std::string out(bytes, '\0');
  if (::getrandom(out.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
    return fail("cannot get random bytes from the kernel: " + why());
  }
  return out;
}

std::string to_hex(const std::string& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

bool wait_until(const std::function<bool()>& ready, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!ready()) {
    if (interrupted() || std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return true;
}

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { asked_to_stop = 1; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

bool interrupted() { return asked_to_stop != 0; }
void clear_interrupt() { asked_to_stop = 0; }

Result<Lock> Lock::take(const std::filesystem::path& path, const std::string& what) {
  if (auto made = make_folder(path.parent_path()); !made) return std::unexpected(made.error());
  // A process that somebody who was killed had just forked holds the lock until it is its program.
  constexpr auto patience = std::chrono::seconds(1);
  constexpr int tries = 10;  // each one lost to somebody who removed the file just then
  for (int attempt = 0; attempt < tries; ++attempt) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.open()) return fail("cannot open the lock " + path.string() + ": " + why());
    if (!wait_until([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0; }, patience)) {
      return fail("cannot change " + what +
                  ": another command is at work on it; wait until it is done or stop it");
    }
    struct stat held{};
    struct stat named{};
    if (::fstat(fd.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
        held.st_ino == named.st_ino) {
      return Lock(std::move(fd), path);
    }
  }
  return fail("cannot take the lock " + path.string() + ": it keeps being removed; try again");
}

void Lock::remove() { ::unlink(path_.c_str()); }

}  // namespace upbeat::lab
