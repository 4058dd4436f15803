import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct FilesTests {
    private let files = LiveFiles()
    private let folder: Scratch

    init() throws { folder = try Scratch() }

    private func write(_ name: String, _ content: String, mode: UInt16 = 0o600) async throws {
        try await files.replace(folder(name), with: Array(content.utf8), mode: mode, durable: false)
    }

    @Test func `absence is nil and not an error`() async throws {
        #expect(try await files.read(folder("none"), limit: 9) == nil)
        #expect(try await files.inspect(folder("none")) == nil)
        #expect(try await files.list(folder("none")) == nil)
        #expect(try await files.link(folder("none")) == nil)
        #expect(try await files.read(folder("no/such/folder"), limit: 9) == nil)
    }

    @Test(arguments: [true, false], [UInt16(0o600), 0o644, 0o750])
    func `a replaced file has the new bytes and bits, and nothing is left beside it`(durable: Bool, mode: UInt16) async throws {
        try await write("state", "old")
        let before = try #require(try await files.inspect(folder("state")))
        try await files.replace(folder("state"), with: Array("newer".utf8), mode: mode, durable: durable)
        #expect(text(try await files.read(folder("state"), limit: 5)) == "newer")
        let after = try #require(try await files.inspect(folder("state")))
        #expect(after.mode == mode)
        #expect(after.size == 5)
        #expect(after.kind == .file)
        #expect(after.inode != before.inode, "a reader that has the old file open must keep the old bytes")
        #expect(try await files.list(folder.path) == ["state"])
    }

    @Test func `a replacement that fails leaves the path as it was and no temporary name`() async throws {
        try await files.makeFolder(folder("state/inner"))
        let failed = await kind { () throws(FileError) in
            try await files.replace(folder("state"), with: [1], mode: 0o600, durable: true)
        }
        #expect(failed == .other)
        #expect(try await files.list(folder.path) == ["state"])
        #expect(try await files.list(folder("state")) == ["inner"])
        let absent = await kind { () throws(FileError) in
            try await files.replace(folder("none/state"), with: [1], mode: 0o600, durable: true)
        }
        #expect(absent == .absent)
    }

    @Test(arguments: [(4, FileError.Kind.tooLarge), (5, nil)])
    func `a file larger than the limit is not read`(limit: Int, expected: FileError.Kind?) async throws {
        try await write("state", "12345")
        #expect(await kind { () throws(FileError) in try await files.read(folder("state"), limit: limit) } == expected)
    }

    @Test func `a file is not read through a link, but through linked folders`() async throws {
        try await files.makeFolder(folder("real"))
        try await write("real/state", "bytes")
        try await files.replaceLink(folder("way"), to: "real")
        try await files.replaceLink(folder("state"), to: "real/state")
        #expect(text(try await files.read(folder("way/state"), limit: 9)) == "bytes")
        do {
            _ = try await files.read(folder("state"), limit: 9)
            Issue.record("it was read through a link")
        } catch {
            #expect(error.kind == .other)
            #expect(error.detail.contains("symbolic link"))
        }
        #expect(try await files.inspect(folder("state"))?.kind == .link)
    }

    @Test func `a folder, a pipe and a device are no files`() async throws {
        let made = unsafe mkfifo(folder("pipe"), 0o600)
        #expect(made == 0)
        for path in [folder.path, folder("pipe"), "/dev/null"] {
            #expect(await kind { () throws(FileError) in try await files.read(path, limit: 9) } == .other)
        }
        #expect(try await files.inspect(folder("pipe"))?.kind == .other)
        #expect(try await files.inspect(folder.path)?.kind == .folder)
    }

    @Test func `names come sorted`() async throws {
        for name in ["b", "a", "c.save", ".hidden"] { try await write(name, "") }
        #expect(try await files.list(folder.path) == [".hidden", "a", "b", "c.save"])
    }

    @Test func `the modification time is the wall clock's`() async throws {
        let before = LiveClock().wall.seconds
        try await write("state", "x")
        let modified = try #require(try await files.inspect(folder("state"))).modified.seconds
        #expect((before - 1...LiveClock().wall.seconds + 1).contains(modified))
    }

    @Test func `a move replaces nothing`() async throws {
        try await write("a", "of a")
        try await write("b", "of b")
        let refused = await kind { () throws(FileError) in try await files.move(folder("a"), to: folder("b")) }
        #expect(refused == .exists)
        #expect(text(try await files.read(folder("a"), limit: 9)) == "of a")
        #expect(text(try await files.read(folder("b"), limit: 9)) == "of b")
        try await files.move(folder("a"), to: folder("c"))
        #expect(try await files.list(folder.path) == ["b", "c"])
        let absent = await kind { () throws(FileError) in try await files.move(folder("a"), to: folder("d")) }
        #expect(absent == .absent)
        let folderless = await kind { () throws(FileError) in try await files.move(folder("c"), to: folder("no/c")) }
        #expect(folderless == .other, "an absent folder of the target must not look like an absent source")
    }

    @Test func `a move onto a dangling link replaces nothing`() async throws {
        try await write("a", "of a")
        try await files.replaceLink(folder("b"), to: "nowhere")
        let refused = await kind { () throws(FileError) in try await files.move(folder("a"), to: folder("b")) }
        #expect(refused == .exists)
    }

    @Test func `folders are made with their parents, for the owner alone, and again without harm`() async throws {
        try await files.makeFolder(folder("x/y/z"))
        try await files.makeFolder(folder("x/y/z/"))
        #expect(try await files.inspect(folder("x/y"))?.mode == 0o700)
        #expect(try await files.inspect(folder("x/y/z"))?.kind == .folder)
        try await write("file", "")
        #expect(await kind { () throws(FileError) in try await files.makeFolder(folder("file")) } == .exists)
    }

    @Test func `a link is turned in one rename, and only a link`() async throws {
        try await files.replaceLink(folder("current"), to: "releases/1")
        try await files.replaceLink(folder("current"), to: "releases/2")
        #expect(try await files.link(folder("current")) == "releases/2")
        #expect(try await files.list(folder.path) == ["current"])
        try await write("file", "kept")
        let refused = await kind { () throws(FileError) in try await files.replaceLink(folder("file"), to: "x") }
        #expect(refused == .exists)
        #expect(text(try await files.read(folder("file"), limit: 9)) == "kept")
        #expect(await kind { () throws(FileError) in try await files.link(folder("file")) } == .other)
    }

    @Test func `a copy has bytes and bits of the source and replaces nothing`() async throws {
        let content = String(repeating: "0123456789abcdef", count: 200_000)
        try await write("node", content, mode: 0o755)
        try await files.copy(folder("node"), to: folder("copy"))
        #expect(text(try await files.read(folder("copy"), limit: 4 << 20)) == content)
        #expect(try await files.inspect(folder("copy"))?.mode == 0o755)
        try await write("other", "kept")
        let refused = await kind { () throws(FileError) in try await files.copy(folder("node"), to: folder("other")) }
        #expect(refused == .exists)
        #expect(text(try await files.read(folder("other"), limit: 9)) == "kept")
        let absent = await kind { () throws(FileError) in try await files.copy(folder("none"), to: folder("new")) }
        #expect(absent == .absent)
        #expect(try await files.list(folder.path) == ["copy", "node", "other"])
    }

    @Test func `a copy from another file system has the same bytes`() async throws {
        try await files.copy("/proc/sys/kernel/random/boot_id", to: folder("copy"))
        let expected = await LiveProcesses().bootID()
        #expect(text(try await files.read(folder("copy"), limit: 99)) == expected + "\n")
    }

    @Test func `a file and a folder can be synced, an absent one is an error`() async throws {
        try await write("state", "x")
        try await files.sync(folder("state"))
        try await files.sync(folder.path)
        #expect(await kind { () throws(FileError) in try await files.sync(folder("none")) } == .absent)
    }

    @Test func `one holder of a lock at a time`() async throws {
        let (files, path) = (files, folder("lock"))
        let inside = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await files.withLock(path, within: .seconds(30)) {
                        #expect(inside.add(1) == 1)
                        await Task.yield()
                        _ = inside.add(-1)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await files.inspect(path)?.mode == 0o600)
    }

    @Test func `a lock held by another process is busy until that process ends`() async throws {
        let (processes, path) = (LiveProcesses(), folder("lock"))
        let holder = try await processes.start(
            Command(
                executable: "flock", arguments: ["--no-fork", path, "sleep", "1000"], folder: folder.path,
                environment: [:], log: folder("log")))
        try await eventually("the child holds the lock") {
            await processes.inspect(pid: holder.pid)?.arguments.first == "sleep"
        }
        let busy = await kind { () throws(FileError) in
            try await files.withLock(path, within: .milliseconds(30)) { Issue.record("two hold the lock") }
        }
        #expect(busy == .busy)
        #expect(await processes.signal(holder, .kill))
        #expect(try await files.withLock(path, within: .seconds(30)) { true })
    }

    @Test func `waiting for a lock ends when the task is cancelled`() async throws {
        let (files, path) = (files, folder("lock"))
        let outcome = try await files.withLock(path, within: .seconds(9)) {
            await withTaskGroup(of: FileError.Kind?.self) { group in
                group.addTask {
                    await kind { () throws(FileError) in
                        try await files.withLock(path, within: .seconds(1000)) { Issue.record("two hold the lock") }
                    }
                }
                group.cancelAll()
                return await group.next() ?? nil
            }
        }
        #expect(outcome == .busy)
    }
}

/// What an ordinary user meets, and what root leaves to one. Both need root to set up.
@Suite(.enabled(if: geteuid() == 0, "needs root to become another user"), .timeLimit(.minutes(2)))
struct PermissionTests {
    private let files = LiveFiles()
    private let folder: Scratch

    init() throws { folder = try Scratch() }

    @Test func `what another user may not read or write is denied`() async throws {
        try await files.makeFolder(folder("closed"))
        try await files.replace(folder("closed/state"), with: [1], mode: 0o600, durable: false)
        try await files.replace(folder("secret"), with: [1], mode: 0o600, durable: false)
        let path: String = folder.path
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            guard setgid(65_534) == 0, setuid(65_534) == 0 else { exit(1) }
            let files = LiveFiles()
            var denied = 0
            if await kind({ () throws(FileError) in try await files.read(path + "/secret", limit: 9) }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in try await files.read(path + "/closed/state", limit: 9) }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in try await files.inspect(path + "/closed/state") }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in try await files.list(path + "/closed") }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in try await files.makeFolder(path + "/new") }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in try await files.move(path + "/secret", to: path + "/b") }) == .denied { denied += 1 }
            if await kind({ () throws(FileError) in
                try await files.replace(path + "/secret", with: [2], mode: 0o600, durable: false)
            }) == .denied {
                denied += 1
            }
            exit(Int32(denied))
        }
        #expect(try await files.read(folder("secret"), limit: 9) == [1])
    }

    @Test func `a full disk is told as full, and leaves no temporary name`() async throws {
        let disk = folder("disk")
        try await files.makeFolder(disk)
        guard unsafe mount("tmpfs", disk, "tmpfs", 0, "size=64k") == 0 else {
            try Test.cancel("this sandbox lets even root mount nothing")
        }
        defer { unsafe umount2(disk, Int32(MNT_DETACH)) }
        try await files.replace(disk + "/state", with: [1], mode: 0o600, durable: true)
        let large = [UInt8](repeating: 7, count: 1 << 20)
        let full = await kind { () throws(FileError) in
            try await files.replace(disk + "/state", with: large, mode: 0o600, durable: true)
        }
        #expect(full == .full)
        try await files.replace(folder("large"), with: large, mode: 0o600, durable: false)
        #expect(await kind { () throws(FileError) in try await files.copy(folder("large"), to: disk + "/copy") } == .full)
        #expect(try await files.list(disk) == ["state"])
        #expect(try await files.read(disk + "/state", limit: 9) == [1])
    }

    @Test func `what root places belongs to the owner of the folder, and a new version to the old one's owner`() async throws {
        try give(folder.path, to: 65_534)
        try await files.replace(folder("state"), with: [1], mode: 0o600, durable: true)
        try await files.makeFolder(folder("a/b"))
        try await files.replaceLink(folder("current"), to: "a")
        try await files.copy(folder("state"), to: folder("copy"))
        for name in ["state", "a", "a/b", "current", "copy"] {
            #expect(try status(folder(name)).st_uid == 65_534, "\(name)")
        }
        try give(folder("state"), to: 1234)
        try await files.replace(folder("state"), with: [2], mode: 0o600, durable: false)
        #expect(try status(folder("state")).st_uid == 1234)
    }
}
