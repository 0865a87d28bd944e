# package.json and package-lock.json as nixpkgs' importNpmLock wants them: each package with the address it is fetched
# from, and of all packages only those that a build needs on its platform. Nothing but builtins, so that a test can
# evaluate it without nixpkgs.
let
  inherit (builtins)
    attrNames
    attrValues
    elem
    elemAt
    filter
    genericClosure
    listToAttrs
    mapAttrs
    match
    removeAttrs
    stringLength
    substring
    ;

  filterAttrs = keep: set: removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));

  # "node_modules/a/node_modules/@b/c" is "@b/c", installed for "node_modules/a".
  nameOf = path: package: package.name or (elemAt (match "(.*/)?node_modules/(.+)" path) 1);
  parentOf =
    path:
    let
      prefix = elemAt (match "(.*/)?node_modules/.+" path) 0;
    in
    if prefix == null then "" else substring 0 (stringLength prefix - 1) prefix;

  isFetched =
    path: package:
    path != ""
    && match "(.*/)?node_modules/.+" path != null
    && !(package ? resolved)
    && !(package.link or false)
    && !(package.inBundle or false);

  allows =
    wanted: list:
    let
      refused = filter (value: substring 0 1 value == "!") list;
    in
    !elem "!${wanted}" list && (list == refused || elem wanted list);

  supports =
    {
      os,
      cpu,
      libc,
    }:
    package:
    allows os (package.os or [ ])
    && allows cpu (package.cpu or [ ])
    && allows libc (package.libc or [ ]);
in
rec {
  /**
    The registry that a package of this name was fetched from by `url`.
  */
  registryOf =
    name: url:
    let
      found = match "(https?://.+/)${name}/-/[^/]+\\.tgz" url;
    in
    if found == null then
      throw "media-pipeline: ${url} does not tell the address of an npm registry; pass npmRegistry to nix/package.nix"
    else
      elemAt found 0;

  /**
    The lock with `resolved` on all that comes from the registry. npm leaves it out when it is told to
    (`omit-lockfile-registry-resolved`); the addresses follow from name and version.
  */
  withResolved =
    registry: packageLock:
    packageLock
    // {
      packages = mapAttrs (
        path: package:
        let
          name = nameOf path package;
          bare = elemAt (match "(@[^/]+/)?(.+)" name) 1;
        in
        if !isFetched path package then
          package
        else if !(package ? integrity) then
          throw "media-pipeline: package-lock.json has no integrity for ${path}; run npm install"
        else
          package // { resolved = "${registry}${name}/-/${bare}-${package.version}.tgz"; }
      ) packageLock.packages;
    };

  /**
    package.json and its lock without the development dependencies that are not named, and without the optional
    packages of other platforms, as if they had never been asked for.
  */
  only =
    {
      package,
      packageLock,
      platform,
      devDependencies,
    }:
    let
      inherit (packageLock) packages;

      wantedPackage = package // {
        devDependencies = filterAttrs (name: _: elem name devDependencies) (package.devDependencies or { });
      };
      entry =
        path:
        if path == "" then
          packages."" // { inherit (wantedPackage) devDependencies; }
        else
          packages.${path};

      # As Node looks for it: beside the one who asks, then further up.
      find =
        from: name:
        let
          here = if from == "" then "node_modules/${name}" else "${from}/node_modules/${name}";
        in
        if packages ? ${here} then
          here
        else if from == "" then
          null
        else
          find (parentOf from) name;

      required =
        path:
        let
          asked = entry path;
          isOptionalPeer = name: asked.peerDependenciesMeta.${name}.optional or false;
        in
        (asked.dependencies or { })
        // (asked.devDependencies or { })
        // filterAttrs (name: _: !isOptionalPeer name) (asked.peerDependencies or { });
      needed =
        path:
        map (
          name:
          let
            found = find path name;
          in
          if found == null then
            throw "media-pipeline: package-lock.json lacks ${name}, which ${path} needs; run npm install"
          else
            found
        ) (attrNames (required path));

      helps = path: name: find path name != null && supports platform packages.${find path name};
      optional = path: filterAttrs (name: _: helps path name) ((entry path).optionalDependencies or { });

      kept = genericClosure {
        startSet = [ { key = ""; } ];
        operator =
          { key }:
          map (path: { key = path; }) (needed key ++ map (find key) (attrNames (optional key)));
      };
    in
    {
      package = wantedPackage;
      packageLock = packageLock // {
        packages = listToAttrs (
          map (
            { key }:
            {
              name = key;
              value =
                entry key
                // (if (entry key) ? optionalDependencies then { optionalDependencies = optional key; } else { });
            }
          ) kept
        );
      };
    };

  /**
    Arguments for importNpmLock.
  */
  importable =
    { registry, ... }@arguments:
    let
      chosen = only (removeAttrs arguments [ "registry" ]);
    in
    chosen // { packageLock = withResolved registry chosen.packageLock; };
}
