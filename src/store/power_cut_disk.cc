// SPDX-License-Identifier: Apache-2.0
// A test's disk under SQLite: the real one, whose sync also keeps a copy.
#include "store/power_cut_disk.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

namespace upbeat {
namespace {

namespace fs = std::filesystem;

struct OpenFile {
  std::string path;
  const sqlite3_io_methods* real = nullptr;
  sqlite3_io_methods with_copy{};
};

struct Disk {
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
  std::map<sqlite3_file*, OpenFile> open;
  std::map<std::string, std::string> synced;  ///< content by path
};

Disk& disk() {
  static Disk the_only;
  return the_only;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int sync_and_copy(sqlite3_file* file, int flags) {
  const auto& opened = disk().open.at(file);
  const int code = opened.real->xSync(file, flags);
  if (code == SQLITE_OK) disk().synced[opened.path] = content(opened.path);
  return code;
}

int close_file(sqlite3_file* file) {
  const auto* real = disk().open.at(file).real;
  disk().open.erase(file);
  file->pMethods = real;
  return real->xClose(file);
}

int open_file(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = disk().real->xOpen(disk().real, name, file, flags, out);
  if (code != SQLITE_OK || name == nullptr) return code;
  OpenFile& opened = disk().open[file];
  opened = {name, file->pMethods, *file->pMethods};
  opened.with_copy.xSync = sync_and_copy;
  opened.with_copy.xClose = close_file;
  file->pMethods = &opened.with_copy;
  return code;
}

}  // namespace

void use_power_cut_disk() {
  if (disk().real != nullptr) return;
  disk().real = sqlite3_vfs_find(nullptr);
  disk().vfs = *disk().real;
  disk().vfs.zName = "power-cut";
  disk().vfs.xOpen = open_file;
  sqlite3_vfs_register(&disk().vfs, 1);
}

void cut_power(const std::string& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  for (const auto& path : files) {
    const auto kept = disk().synced.find(path.string());
    if (kept == disk().synced.end()) {
      fs::remove(path);
    } else {
      std::ofstream(path, std::ios::binary | std::ios::trunc) << kept->second;
    }
  }
}

}  // namespace upbeat
