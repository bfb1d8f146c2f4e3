# Perl's OpenAPI::Client, which builds itself from the contract, through the
# whole life of admin keys. KEYREEVE_URL (with /v1) and KEYREEVE_ADMIN_KEY say
# where.
use v5.26;
use warnings;

use Mojo::File qw(curfile);
use Mojo::JSON qw(decode_json);
use OpenAPI::Client;
use Test::More;

my $contract = decode_json(curfile->sibling('../../openapi/openai-administration.json')->slurp);

# as_3_0 turns a schema of the contract into one of OpenAPI 3.0, the version
# whose own schema the client brings along: null branches become nullable.
sub as_3_0 {
    my ($node) = @_;
    return [ map { as_3_0($_) } @$node ] if ref $node eq 'ARRAY';
    return $node unless ref $node eq 'HASH';
    my %copy = map { $_ => as_3_0($node->{$_}) } keys %$node;
    if (ref $copy{anyOf} eq 'ARRAY') {
        my @rest = grep { ($_->{type} // '') ne 'null' } @{ $copy{anyOf} };
        if (@rest == 1) {
            delete $copy{anyOf};
            %copy = (%copy, %{ $rest[0] }, nullable => Mojo::JSON->true);
        }
    }
    return \%copy;
}

# specification is the part of the contract about admin keys, with the
# descriptions that OpenAPI demands.
sub specification {
    my %paths = map { $_ => as_3_0($contract->{paths}{$_}) } grep {/admin_api_keys/} keys %{ $contract->{paths} };
    for my $operation (map { values %$_ } values %paths) {
        delete $operation->{security};
        $_->{description} = 'A response.' for values %{ $operation->{responses} };
    }
    my %schemas = map { $_ => as_3_0($contract->{components}{schemas}{$_}) }
        qw(AdminApiKey AdminApiKeyCreateResponse ApiKeyList);
    return {
        openapi    => '3.0.3',
        info       => { title => 'Admin API keys', version => '1' },
        paths      => \%paths,
        components => { schemas => \%schemas },
    };
}

my $specification = specification();

# client acts with the given key.
sub client {
    my ($key) = @_;
    my $client = OpenAPI::Client->new($specification, base_url => $ENV{KEYREEVE_URL});
    $client->ua->on(start => sub { $_[1]->req->headers->authorization("Bearer $key") });
    return $client;
}

my $client = client($ENV{KEYREEVE_ADMIN_KEY});

# call returns the status and the body of an operation's response.
sub call {
    my ($who, @call) = @_;
    my $res = $who->call(@call)->res;
    return ($res->code, $res->json);
}

sub create {
    my ($code, $key) = call($client, 'admin-api-keys-create', { body => {@_} });
    is $code, 200, 'created';
    return $key;
}

# ids returns those of all keys, page by page.
sub ids {
    my (%params) = @_;
    my @ids;
    while (1) {
        my ($code, $page) = call($client, 'admin-api-keys-list', {%params});
        is $code, 200, 'a page';
        push @ids, map { $_->{id} } @{ $page->{data} };
        return @ids unless $page->{has_more};
        $params{after} = $page->{last_id};
    }
}

sub fails {
    my ($name, $status, $error, $who, @call) = @_;
    my ($code, $body) = call($who, @call);
    is $code, $status, "$name: status";
    delete $body->{error}{message};
    is_deeply $body, { error => { type => 'invalid_request_error', param => undef, %$error } }, "$name: body";
}

subtest 'a key without an expiry' => sub {
    my $created = create(name => 'for ever');
    my $value   = delete $created->{value};
    like $value, qr/^sk-admin-/, 'its value';
    is $created->{expires_at}, undef, 'never expires';
    is $created->{redacted_value}, 'sk-admin...' . substr($value, -3), 'redacted';
    my ($code, $read) = call($client, 'admin-api-keys-get', { key_id => $created->{id} });
    is $code, 200, 'read';
    is_deeply $read, $created, 'read back the same, without the value';
};

subtest 'a key with an expiry' => sub {
    my $created = create(name => 'for an hour', expires_in_seconds => 3600);
    is $created->{expires_at}, $created->{created_at} + 3600, 'expires in an hour';
};

subtest 'a new key works, and not after its deletion' => sub {
    my $created = create(name => 'brief');
    my $own     = client($created->{value});
    my %id      = (key_id => $created->{id});
    my ($code, $read) = call($own, 'admin-api-keys-get', {%id});
    is $code, 200, 'works';
    cmp_ok $read->{last_used_at}, '>=', $read->{created_at}, 'its use is seen';

    ($code, my $deleted) = call($client, 'admin-api-keys-delete', {%id});
    is $code, 200, 'deleted';
    is_deeply $deleted, { id => $id{key_id}, object => 'organization.admin_api_key.deleted', deleted => Mojo::JSON->true };
    fails('the deleted key', 401, { code => 'invalid_api_key' }, $own, 'admin-api-keys-list', {});
    fails('get it', 404, { code => undef }, $client, 'admin-api-keys-get', {%id});
    fails('delete it again', 404, { code => undef }, $client, 'admin-api-keys-delete', {%id});
};

subtest 'pages in both orders' => sub {
    my @made      = map { create(name => "page $_")->{id} } 1 .. 4;
    my @ascending = ids(limit => 2);
    is_deeply [ @ascending[ -4 .. -1 ] ], \@made, 'in the order of creation';
    is_deeply [ reverse ids(limit => 2, order => 'desc') ], \@ascending, 'descending is the mirror';
};

subtest 'errors' => sub {
    fails('a wrong key', 401, { code => 'invalid_api_key' }, client('sk-admin-wrong'), 'admin-api-keys-list', {});
    fails('a large page', 400, { code => 'integer_above_max_value', param => 'limit' },
        $client, 'admin-api-keys-list', { limit => 101 });
    fails('an empty name', 400, { code => 'empty_string', param => 'name' },
        $client, 'admin-api-keys-create', { body => { name => '' } });
};

done_testing;
