# The whole story on a booted NixOS: another host seeds, this one downloads, uploads, proves and frees its disk.
{ module }:
{
  name = "media-pipeline";

  nodes.seeder =
    { pkgs, ... }:
    {
      environment.systemPackages = [
        pkgs.jq
        pkgs.mktorrent
        pkgs._7zz
      ];
      services.qbittorrent = {
        enable = true;
        openFirewall = true;
        webuiPort = 8080;
        torrentingPort = 6881;
        serverConfig = {
          LegalNotice.Accepted = true;
          Preferences.WebUI.LocalHostAuth = false;
        };
      };
      # nixpkgs opens the port for TCP alone, and µTP is tried first.
      networking.firewall.allowedUDPPorts = [ 6881 ];
      virtualisation.memorySize = 1024;
    };

  nodes.host =
    { pkgs, ... }:
    {
      imports = [ module ];

      environment.systemPackages = [ pkgs.jq ];

      services.mediaPipeline = {
        enable = true;
        qbittorrent.enable = true;
        settings = {
          qbittorrent.passwordFile = "/run/secrets/qbittorrent";
          categories = {
            radarr.remotePath = "movies";
            tv-sonarr.remotePath = "tv";
          };
          upload = {
            remote = "/srv/remote";
            # Slow enough to be killed on the way.
            bandwidth = "2M";
            extract.reserveBytes = "64M";
          };
          cleanup = { };
        };
      };

      systemd.tmpfiles.settings."05-test" = {
        "/run/secrets/qbittorrent".f = {
          mode = "0400";
          argument = "correct-horse-battery";
        };
        "/srv/remote".d = {
          user = "media-pipeline";
          group = "media";
          mode = "0755";
        };
      };

      virtualisation = {
        cores = 2;
        diskSize = 4096;
        memorySize = 2048;
      };
    };

  testScript =
    { nodes, ... }:
    ''
      import json
      import shlex

      FILM = "A Plain Film (2026).mkv"
      SHOW = "The Example Show S01"
      SPARE = "What's \"this\", then.mkv"

      API = "http://127.0.0.1:8080/api/v2"
      COMPLETED = "/var/lib/qBittorrent/completed"
      REMOTE = "/srv/remote"
      UPLOAD = "media-pipeline-upload.service"


      def qbittorrent(machine, path, *arguments):
          """Only the host has a session: at the seeder whoever is local is let in."""
          rest = " ".join(shlex.quote(argument) for argument in arguments)
          return machine.succeed(f"touch /tmp/jar; curl --fail --silent -b /tmp/jar {rest} {API}/{path}")


      def torrents(machine):
          return {torrent["name"]: torrent for torrent in json.loads(qbittorrent(machine, "torrents/info"))}


      def exists(path):
          return f"test -e {shlex.quote(path)}"


      def seed(name):
          """Makes the torrent and seeds it; its file's content in base64."""
          seeder.succeed(
              f"cd /srv/seed && rm -f /tmp/new.torrent"
              f" && mktorrent -a http://127.0.0.1:1/announce -o /tmp/new.torrent {shlex.quote(name)}"
          )
          qbittorrent(seeder, "torrents/add", "-F", "torrents=@/tmp/new.torrent", "-F", "savepath=/srv/seed")
          seeder.wait_until_succeeds(
              f"curl --fail --silent {API}/torrents/info"
              f" | jq -e --arg name {shlex.quote(name)} 'any(.[]; .name == $name and .progress == 1)'"
          )
          return seeder.succeed("base64 --wrap=0 /tmp/new.torrent").strip()


      def download(name, category):
          """Returns once qBittorrent has all of it."""
          torrent = seed(name)
          host.succeed(f"echo {torrent} | base64 --decode >/tmp/new.torrent")
          qbittorrent(
              host, "torrents/add", "-F", "torrents=@/tmp/new.torrent", "-F", f"category={category}"
          )
          host.wait_until_succeeds(
              f"curl --fail --silent -b /tmp/jar {API}/torrents/info"
              f" | jq -e --arg name {shlex.quote(name)} 'any(.[]; .name == $name)'"
          )
          infohash = torrents(host)[name]["hash"]
          host.wait_until_succeeds(
              f"curl --fail --silent -b /tmp/jar -d hashes={infohash} -d peers=${nodes.seeder.networking.primaryIPAddress}:6881"
              f" {API}/torrents/addPeers >/dev/null;"
              f" curl --fail --silent -b /tmp/jar {API}/torrents/info"
              f" | jq -e --arg name {shlex.quote(name)} 'any(.[]; .name == $name and .progress == 1)'",
              timeout=300,
          )
          return infohash


      start_all()
      seeder.wait_for_unit("qbittorrent.service")
      seeder.wait_for_open_port(8080)
      host.wait_for_unit("multi-user.target")
      host.wait_for_unit("qbittorrent.service")
      host.wait_for_open_port(8080)

      with subtest("nothing of ours holds up a boot, and its triggers are armed"):
          # Not list-dependencies: that goes on into timers.target.
          wanted = host.succeed("systemctl show -P Wants -P Requires multi-user.target")
          assert "qbittorrent.service" in wanted, wanted
          assert "media-pipeline" not in wanted, wanted
          host.wait_for_unit("media-pipeline-upload.path")
          host.wait_for_unit("media-pipeline-upload.timer")
          host.wait_for_unit("media-pipeline-cleanup.timer")
          host.succeed("systemctl cat qbt-upload-b2.service qbt-cleanup.service >/dev/null")

      with subtest("the password reaches qBittorrent, and nobody else"):
          host.wait_until_succeeds(
              "curl --fail --silent -c /tmp/jar -d username=admin -d password=correct-horse-battery"
              f" {API}/auth/login && curl --fail --silent -b /tmp/jar {API}/app/version"
          )
          host.fail("grep -Rq correct-horse-battery /etc/media-pipeline /etc/systemd/system")
          host.fail("runuser -u qbittorrent -- cat /run/secrets/qbittorrent")

      with subtest("the categories appear"):
          host.wait_until_succeeds(
              f"curl --fail --silent -b /tmp/jar {API}/torrents/categories"
              " | jq -e 'has(\"radarr\") and has(\"tv-sonarr\")'"
          )

      seeder.succeed(
          f"mkdir -p {shlex.quote(f'/srv/seed/{SHOW}')} /tmp/extras",
          f"head --bytes=24M /dev/urandom >{shlex.quote(f'/srv/seed/{FILM}')}",
          f"head --bytes=2M /dev/urandom >{shlex.quote(f'/srv/seed/{SPARE}')}",
          f"head --bytes=3M /dev/urandom >{shlex.quote(f'/srv/seed/{SHOW}/S01E01.mkv')}",
          "head --bytes=1M /dev/urandom >/tmp/extras/interview.mkv",
          f"cd /tmp/extras && 7zz a -tzip -mx0 {shlex.quote(f'/srv/seed/{SHOW}/extras.zip')} interview.mkv",
          "chown -R qbittorrent: /srv/seed",
      )

      with subtest("a completed torrent starts the upload; killed on the way, it is started again and finishes"):
          film = download(FILM, "radarr")
          host.wait_until_succeeds(f"[ $(systemctl show -P ActiveState {UPLOAD}) = activating ]")
          host.succeed(f"systemctl kill --signal=KILL {UPLOAD}")
          host.wait_until_succeeds(exists(f"{COMPLETED}/{FILM}.uploaded"), timeout=300)
          host.succeed(f"journalctl --unit={UPLOAD} | grep 'code=killed'")
          host.succeed(f"cmp {shlex.quote(f'{COMPLETED}/{FILM}')} {shlex.quote(f'{REMOTE}/movies/{FILM}')}")

      with subtest("a directory with an archive arrives with what was in the archive"):
          download(SHOW, "tv-sonarr")
          host.wait_until_succeeds(exists(f"{COMPLETED}/{SHOW}.uploaded"), timeout=300)
          for name in ["S01E01.mkv", "extras.zip", "interview.mkv"]:
              host.succeed(exists(f"{REMOTE}/tv/{SHOW}/{name}"))
          host.succeed("[ -z \"$(find /var/lib/qBittorrent/extracted -type f)\" ]")

      with subtest("without a category it goes to downloads, whatever its name"):
          download(SPARE, "")
          host.wait_until_succeeds(exists(f"{COMPLETED}/{SPARE}.uploaded"), timeout=300)
          host.succeed(exists(f"{REMOTE}/downloads/{SPARE}"))

      with subtest("what seeds stays; what no torrent claims any more goes, here and not there"):
          host.succeed("systemctl start media-pipeline-cleanup.service")
          host.succeed(exists(f"{COMPLETED}/{FILM}"))
          qbittorrent(host, "torrents/delete", "-d", f"hashes={film}", "-d", "deleteFiles=false")
          host.succeed(exists(f"{COMPLETED}/{FILM}"))
          host.succeed("systemctl start media-pipeline-cleanup.service")
          host.fail(exists(f"{COMPLETED}/{FILM}"))
          host.succeed(exists(f"{REMOTE}/movies/{FILM}"))
          host.succeed(exists(f"{COMPLETED}/{SHOW}"))

      with subtest("people are told"):
          host.succeed("media-pipeline --json status | jq -e .")
          host.succeed(f"media-pipeline explain {shlex.quote(SHOW)}")
          failed = host.succeed("systemctl list-units --failed --plain --no-legend 'media-pipeline-*' 'qbt-*'")
          assert failed.strip() == "", failed
    '';
}
